# SPDX-License-Identifier: MIT
"""Checks whether `ashlar doctor` is right about every program of a folder. Runs `ashlar doctor -- PROGRAM --version`
for each, and compares its finding for each process with readelf's output for the file. Prints every misjudgement.

usage: every_program.py ASHLAR [FOLDER...]      else /usr/bin

A program may misunderstand --version and act on it. scripts/fresh.sh runs this where no harm is possible."""
import collections
import functools
import json
import os
import platform
import re
import stat
import subprocess
import sys
import tempfile

LIMIT = 10  # seconds for each program; then it is inspected and ended
LOADED = "loaded"


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], capture_output=True, text=True, errors="replace", check=False).stdout


@functools.cache
def expected(path):
    """Returns the cause that keeps Ashlar out of a program, and "loaded" without a cause. None for an unreadable
    file."""
    try:
        with open(path, "rb") as file:
            if file.read(4) != b"\x7fELF":
                return None
    except OSError:
        return None
    headers = readelf("-h", "-l", "-d", path)
    machine = {"x86_64": "X86-64", "aarch64": "AArch64"}[platform.machine()]
    if not re.search(r"Class:\s+ELF64", headers) or machine not in headers:
        return "architecture"
    if "interpreter: /lib/ld-musl" in headers:
        return "musl"
    if "program interpreter" not in headers and "(NEEDED)" not in headers and not os.path.basename(path).startswith("ld-"):
        return "static"
    status = os.stat(path)
    if status.st_mode & stat.S_ISUID and status.st_uid != os.getuid() or (
            status.st_mode & stat.S_ISGID and status.st_mode & stat.S_IXGRP and status.st_gid != os.getgid()):
        return "privileged"
    for line in readelf("--dyn-syms", path).splitlines():
        field = line.split()
        if len(field) >= 8 and field[7].split("@")[0] == "malloc" and field[6] != "UND" and field[4] in ("GLOBAL", "WEAK"):
            return "own malloc"
    return LOADED


def judge(program):
    """Returns the finding of `ashlar doctor` for one process, and whether it may be right."""
    causes = [finding["cause"] for finding in program["findings"]]
    said = LOADED if program["state"] == "loaded" else (causes or ["not known"])[0]
    right = expected(program["program"])
    if said == "not known" and program["fate"] == "replaced by exec":
        return said, True
    if said == "no program" and os.path.basename(program["program"]).startswith("ld-"):
        return said, True
    # No file shows that a program clears the environment of the next one.
    return said, right is None or said == right or (said == "scrubbed" and right == LOADED)


def main():
    ashlar, folders = os.path.abspath(sys.argv[1]), sys.argv[2:] or ["/usr/bin"]
    environment = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASHLAR_CONF", "DISPLAY")}
    verdicts = collections.Counter()
    wrong = 0
    with tempfile.TemporaryDirectory() as work:
        for path in sorted(os.path.join(folder, name) for folder in folders for name in os.listdir(folder)):
            if not (os.path.isfile(path) and os.access(path, os.X_OK)):
                continue
            done = subprocess.run([ashlar, "doctor", "--timeout", str(LIMIT), "--json", "-", "--", path, "--version"],
                                  capture_output=True, text=True, errors="replace", cwd=work, env={**environment, "HOME": work},
                                  stdin=subprocess.DEVNULL, timeout=6 * LIMIT, check=False)
            try:
                answer = json.loads(done.stdout)
            except json.JSONDecodeError:
                print(f"{path}: status {done.returncode}, {done.stdout!r} {done.stderr!r}", flush=True)
                wrong += 1
                continue
            if not answer["programs"]:  # expected, and not run
                verdicts[" ".join(finding["cause"] for finding in answer["foreseen"])] += 1
                if [finding["cause"] for finding in answer["foreseen"]] != [expected(os.path.realpath(path))]:
                    print(f"{path}: {answer['verdict']}", flush=True)
                    wrong += 1
            for program in answer["programs"]:
                said, is_right = judge(program)
                verdicts[said] += 1
                if not is_right:
                    wrong += 1
                    print(f"{path}: {program['program']} {program['arguments']} is judged '{said}', should be "
                          f"'{expected(program['program'])}': {program['findings']}", flush=True)
    print(f"{sum(verdicts.values())} verdicts ({', '.join(f'{key} {count}' for key, count in verdicts.most_common())}), "
          f"{wrong} wrong")
    return 1 if wrong or not verdicts[LOADED] else 0


if __name__ == "__main__":
    sys.exit(main())
