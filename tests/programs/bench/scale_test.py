# SPDX-License-Identifier: MIT
"""Tests scripts/measure/scale.py: its results from counts, and runs of one workload.

usage: scale_test.py SCRIPTS TREE"""
import os
import subprocess
import sys
import types
import unittest

SCRIPTS, TREE = sys.argv[1:3]
sys.path.insert(0, SCRIPTS)
import scale  # noqa: E402


class Figures(unittest.TestCase):
    def test_lines(self):
        self.assertEqual(scale.lines(2, 1, 0, shards=1, processors=64), 9)
        self.assertEqual(scale.lines(2, 1, 10, shards=2, processors=2), 9 + 30)
        # Of four shards three are remote, of two one.
        self.assertEqual(scale.lines(2, 1, 10, shards=2, processors=4), 9 + 45)

    def test_busy(self):
        options = types.SimpleNamespace(call=100, hold=50)
        self.assertEqual(scale.busy(10, 2, options), 1)
        self.assertEqual(scale.busy(10, 200, options), 100)


class Runs(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run([sys.executable, os.path.join(SCRIPTS, "scale.py"), "--tree", TREE, *arguments], check=False,
                              capture_output=True, text=True)

    def test_one_workload_under_two_libraries(self):
        done = self.run_it("--only", "random_mixed", "--processors", "2", "128", "--before", os.path.join(TREE, "lib/libashlar.so"))
        self.assertEqual(done.returncode, 0, done.stderr)
        header, _, *rows = done.stdout.splitlines()
        self.assertTrue(header.endswith("| lines at 2 | lines at 128 | busy at 2 | busy at 128 |"), header)
        cells = [row.split(" | ") for row in rows]
        self.assertEqual([each[1] for each in cells], ["before", "now"])
        # locks of bins: the same calls and library, but upkeep depends on the clock
        before, now = (float(each[2]) for each in cells)
        self.assertGreater(now, 0)
        self.assertLess(abs(before - now), 0.2 * now)

    def test_wrong_arguments(self):
        for arguments, named in ((["--only", "larsen"], "larsen"), (["--processors", "0"], "--processors"),
                                 (["--before", "/no/such"], "/no/such")):
            done = self.run_it(*arguments)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertIn(named, done.stderr)

    def test_another_allocator_has_no_figures(self):
        done = self.run_it("--only", "random_mixed", "--library", "/lib/x86_64-linux-gnu/libm.so.6")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("must be a library of Ashlar", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
