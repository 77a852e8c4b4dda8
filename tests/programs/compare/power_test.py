# SPDX-License-Identifier: MIT
"""Tests whether the verdicts of `ashlar compare` are right, over twenty comparisons of each kind:

  alike    System with itself (the C library preloaded): at most 2 may find a difference
  slower   with a malloc that spends 5 % more CPU time: at least 18 must find it slower

usage: power_test.py alike|slower ASHLAR SLOWER_MALLOC PROGRAM [ROUNDS]"""
import re
import subprocess
import sys

KIND, ASHLAR, SLOWER_MALLOC, PROGRAM = sys.argv[1:5]
ROUNDS = sys.argv[5] if len(sys.argv) > 5 else "31"
COMPARISONS = 20


def c_library():
    with open("/proc/self/maps", encoding="ascii") as maps:
        return next(line.split()[-1] for line in maps if re.search(r"/libc\.so\.6$", line.rstrip()))


def verdict(seed):
    """Returns the candidate's line without its name."""
    library = c_library() if KIND == "alike" else SLOWER_MALLOC
    run = subprocess.run(
        [ASHLAR, "compare", "--allocators", f"candidate={library}", "--rounds", ROUNDS, "--seed", str(seed), "--",
         PROGRAM],
        capture_output=True, text=True, check=True)
    return re.search(r"^  candidate: (.*)$", run.stdout, re.M).group(1)


def main():
    called = 0
    for seed in range(1, COMPARISONS + 1):
        line = verdict(seed)
        called += line.startswith("slower") if KIND == "slower" else not line.startswith("no measurable difference")
        print(f"{seed:2}  {line}", flush=True)
    if KIND == "alike":
        print(f"{called} of {COMPARISONS} comparisons of System with itself call a difference, 2 may")
        return called > 2
    print(f"{called} of {COMPARISONS} comparisons call the slower one slower, 18 must")
    return called < 18


if __name__ == "__main__":
    sys.exit(main())
