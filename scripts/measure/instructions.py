# SPDX-License-Identifier: MIT
"""Instructions of a whole process that makes a million random allocations and releases of 8 to 1031 bytes in one
thread. Cachegrind counts them without cache simulation: the same in every run."""
import concurrent.futures
import os
import re
import subprocess
import sys

from measuring import Verdicts, arguments, ashlar, command_path, environment, peers, program


def count(command, library):
    run = subprocess.run(["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", *command],
                         env=environment(library), capture_output=True, text=True, check=False)
    counted = re.search(r"I\s+refs:\s+([\d,]+)", run.stderr)
    if run.returncode != 0 or not counted:
        sys.exit(f"valgrind with {library} failed:\n{run.stderr}")
    return int(counted.group(1).replace(",", ""))


def main():
    options = arguments(__doc__, operations=(1000000, "allocations and releases"))
    command_path("valgrind")
    libraries = {"System": None, **peers(), "ashlar": ashlar(options)}
    command = [program(options.tree, "random_mixed"), str(options.operations), "8-1031", "42"]
    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        counts = dict(zip(libraries, pool.map(lambda library: count(command, library), libraries.values())))
    reference = counts.get("mimalloc")
    for name, value in counts.items():
        ratio = f"{value / reference:6.3f} of mimalloc" if reference else ""
        print(f"      {name:9} {value:13,} instructions {value / options.operations:7.1f} an operation  {ratio}")
    if not reference:
        sys.exit("without mimalloc there is no ratio")
    verdicts = Verdicts()
    verdicts.at_most("instructions, ratio to mimalloc 2.0.9", counts["ashlar"] / reference, 0.80)
    return verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
