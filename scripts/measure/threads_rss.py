# SPDX-License-Identifier: MIT
"""What ten thousand live threads with one small block each cost in resident memory above System. And what of it is
still there when they have ended."""
import re
import subprocess
import sys

from measuring import Verdicts, arguments, ashlar, environment, median, program


def resident_kib(command, library):
    """(while they live, when they have ended)"""
    run = subprocess.run(command, env=environment(library), capture_output=True, text=True, check=False)
    found = re.search(r"live (\d+) after (\d+) KiB", run.stdout)
    if run.returncode != 0 or not found:
        sys.exit(f"{command} failed under {library}:\n{run.stdout}{run.stderr}")
    return int(found.group(1)), int(found.group(2))


def main():
    options = arguments(__doc__, threads=(10000, "threads"), rounds=(3, "rounds"))
    library = ashlar(options)
    command = [program(options.tree, "live_threads"), "--threads", str(options.threads)]
    rounds = [(resident_kib(command, None), resident_kib(command, library)) for _ in range(options.rounds)]
    live = median([ours[0] - system[0] for system, ours in rounds])
    after = median([ours[1] - system[1] for system, ours in rounds])
    system, ours = rounds[-1]
    verdicts = Verdicts()
    verdicts.at_most(f"{options.threads} live threads, KiB a thread above System", live / options.threads, 15,
                     f"{ours[0]} KiB to {system[0]} KiB")
    # Given back: what stays is less than a tenth of what the target allows them to have.
    verdicts.at_most("after they have ended, KiB a thread above System", after / options.threads, 1.5,
                     f"{ours[1]} KiB to {system[1]} KiB")
    return verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
