# SPDX-License-Identifier: MIT
"""Checks that system calls of the core use its own function (os/system_call.h). Another library may define the C
library's, and allocate or lock in them. Exceptions are abort() and functions of the vDSO, which do not enter the
kernel and so do not allocate.

usage: system_calls.py LIBRARY..."""
import re
import subprocess
import sys

from sources import report

FORBIDDEN = re.compile(
    r"mmap(?:64)?|munmap|mprotect|madvise|posix_madvise|mremap|mincore|m(?:un)?lock|syscall|brk|sbrk"
    r"|p?read(?:v|64)?|p?write(?:v|64)?|open(?:at)?(?:64)?|close|fcntl(?:64)?|dup[23]?|stat|fstat"
    r"|prctl|get[re]?[ug]id|getpid|gettid|[gs]etrlimit(?:64)?|prlimit(?:64)?|getrandom|getentropy|sysconf"
    r"|sched_\w+|sigaction|sigprocmask|pthread_sigmask|raise|kill|tgkill|nanosleep|usleep|poll|_exit|_Exit")


def violations(listing):
    """Returns complaints about the output of `nm --undefined-only`."""
    names = [line.split()[-1].split("@")[0] for line in listing.splitlines() if re.search(r"\b[UwvW] ", line)]
    if not names:
        return ["no undefined symbols: this is not the library"]
    return sorted({name for name in names if FORBIDDEN.fullmatch(name)})


if __name__ == "__main__":
    found = []
    for library in sys.argv[1:]:
        table = [] if library.endswith(".a") else ["--dynamic"]
        listing = subprocess.run(["nm", *table, "--undefined-only", library], check=True, capture_output=True, text=True)
        found += [f"{library}: {name}" for name in violations(listing.stdout)]
    sys.exit(report(found, "functions of the C library that enter the kernel"))
