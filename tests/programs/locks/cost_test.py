# SPDX-License-Identifier: MIT
"""Measures a lock's cost with the lock profiler. Callgrind counts the instructions of an uncontended pair of lock and
unlock, while a second thread sleeps.

usage: cost_test.py LOCKS PAIRS"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

LOCKS, PAIRS = (os.path.abspath(path) for path in sys.argv[1:3])
COUNT = 50_000
SKIPPED = 77
# The C library's own functions, and the wrappers with the same names.
FUNCTIONS = re.compile(r"^ *([\d,]+) .*:(pthread_mutex_(?:try)?lock|_*pthread_mutex_unlock\w*)(?:@@\S+)? \[(\S+)\]$", re.M)


class Cost(unittest.TestCase):
    def pair(self, **environment):
        """Returns {library: instructions of its functions}. Leaves out timed holds, which cost more. Under callgrind
        time passes 50 times as fast, so far more holds are timed than otherwise."""
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "callgrind")
            settings = environment.pop("settings", f"file:{folder}")
            subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", PAIRS, str(COUNT)],
                           env=dict(os.environ, ASHLAR_LOCKS=settings, **environment), check=True, capture_output=True)
            table = subprocess.run(["callgrind_annotate", "--threshold=100", out], check=True, capture_output=True,
                                   text=True).stdout
        costs = {}
        for instructions, _, library in FUNCTIONS.findall(table):
            name = re.sub(r"\.so\..*", ".so", os.path.basename(library))  # without its version
            costs[name] = costs.get(name, 0) + int(instructions.replace(",", "")) / COUNT
        print(environment, costs)
        return costs

    def test_recording(self):
        costs = self.pair(LD_PRELOAD=LOCKS)
        self.assertGreater(costs["libashlar-locks.so"], 20)
        self.assertLessEqual(sum(costs.values()), 120)
        self.assertLessEqual(costs["libashlar-locks.so"], 53)

    def test_off_forwards_only(self):
        alone = sum(self.pair().values())
        off = self.pair(LD_PRELOAD=LOCKS, settings="enabled:false")
        self.assertLessEqual(off["libashlar-locks.so"], 20.1)
        self.assertLessEqual(sum(off.values()), alone + 20.1)


if __name__ == "__main__":
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not installed")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
