# SPDX-License-Identifier: MIT
"""What a long life asks of the library. There are 100 000 forks of a process whose 8 threads allocate, and 10 000 forks
in a signal handler that interrupts malloc anywhere. A million short threads run in a process that does not grow. Small
programs run under every RLIMIT_AS from 4 MiB to 1 GiB in steps of 5 %. There a program may end with an error, as it
does under System when memory runs out, but not by a signal. Takes about half an hour."""
import resource
import subprocess
import sys

from measuring import Verdicts, arguments, ashlar, environment, program, progress
from watched import complaint

HOUR = 3600
LIMIT = 60  # seconds, of one of the small programs, which take less than one
MIB = 1 << 20


def limits():
    size = 4.0 * MIB
    while size <= 1024 * MIB:
        yield int(size)
        size *= 1.05


def ended_by(command, env, size):
    """The signal that ended the command within that address space, 0 if none did; a hang is signal 9."""

    def set_limit():
        resource.setrlimit(resource.RLIMIT_AS, (size, size))

    try:
        done = subprocess.run(command, env=env, preexec_fn=set_limit, timeout=LIMIT, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False)  # pylint: disable=subprocess-popen-preexec-fn
        return max(0, -done.returncode)
    except subprocess.TimeoutExpired:
        return 9


def crashes(name, command, env):
    """The limits under which the command crashes, though not under System."""
    found = []
    for size in limits():
        progress(f"{name} within {size / MIB:.1f} MiB, {len(found)} crashes")
        if ended_by(command, env, size) and not ended_by(command, environment(), size):
            found.append(f"{size / MIB:.1f} MiB")
    progress("")
    return found


def main():
    options = arguments(__doc__, forks=(100_000, "forks"), forks_in_handlers=(10_000, "forks in a signal handler"),
                        threads=(1_000_000, "short threads"))
    env = environment(ashlar(options))
    verdicts = Verdicts()

    small = {"true": ["/bin/true"],
             "four threads": [program(options.tree, "contract/four_threads"), str(MIB // 4)],
             "blocks until memory runs out": [program(options.tree, "contract/out_of_memory"), "mixed"],
             "threads until memory runs out": [program(options.tree, "contract/out_of_memory_threads")]}
    count = len(list(limits()))
    for name, command in small.items():
        found = crashes(name, command, env)
        verdicts.say(f"{name}, crashes under {count} limits", str(len(found)), "none", not found, ", ".join(found))

    long = {f"{options.forks} forks beside 8 threads": [
                program(options.tree, "fork_storm"), "--expect-ashlar", "--forks", str(options.forks), "--workers", "8"],
            f"{options.forks_in_handlers} forks in a signal handler": [
                program(options.tree, "contract/fork_in_handler"), str(options.forks_in_handlers)],
            f"{options.threads} short threads": [
                program(options.tree, "thread_storm"), "--expect-ashlar", "--threads", str(options.threads)]}
    for name, command in long.items():
        progress(name)
        found = complaint(command, env, HOUR)
        progress("")
        verdicts.say(name, found or "as it should be", "no hang, no failure", not found)
    return verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
