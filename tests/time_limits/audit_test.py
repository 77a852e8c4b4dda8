# SPDX-License-Identifier: MIT
"""The arithmetic of scripts/time_limits.py, on made-up tests.

usage: audit_test.py SCRIPTS"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPTS = sys.argv.pop(1)
sys.path.insert(0, SCRIPTS)
import time_limits  # pylint: disable=wrong-import-position

LISTING = {"tests": [
    {"name": "quick", "properties": [{"name": "LABELS", "value": ["unit"]}]},
    {"name": "of its own", "properties": [{"name": "TIMEOUT", "value": 170.0}]},
    {"name": "no properties"},
    {"name": "programs_NOT_BUILT"}]}
JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="(empty)" tests="4">
  <testcase name="quick &quot;one&quot;; two" classname="q" time="0.25" status="run"><system-out></system-out></testcase>
  <testcase name="slow" classname="slow" time="40.6" status="run"/>
  <testcase name="broken" classname="broken" time="99" status="fail"><failure message=""/></testcase>
  <testcase name="skipped" classname="skipped" time="98" status="notrun"/>
</testsuite>
"""


class Arithmetic(unittest.TestCase):
    def test_limits(self):
        for quiet, limit in ((0, 60), (12, 60), (12.1, 65), (100, 500), (605, 3025)):
            self.assertEqual(time_limits.limit_of(quiet), limit)
            self.assertEqual(time_limits.flag(limit, quiet), "")

    def test_flags(self):
        for limit, quiet, expected in ((59, 1, "below 60 s"), (60, 20, ""), (60, 20.1, "below 3 x"), (300, 100, ""),
                                       (299, 100, "below 3 x"), (2000, 100, ""), (2001, 100, "above 20 x"),
                                       (60, 0, ""), (61, 3, "above 20 x"), (61, 3.05, "")):
            self.assertEqual(time_limits.flag(limit, quiet), expected, (limit, quiet))

    def test_listing(self):
        self.assertEqual(time_limits.test_limits(LISTING, 60), {"quick": 60, "of its own": 170, "no properties": 60})

    def test_which_quiet_time_counts(self):
        section = {"seconds": {"a": 100}, "estimated": {"a": 1, "b": 50}}
        limits = {"a": 500, "b": 250, "c": 60, "d": 60, "e": 300}
        found = {row.name: row for row in time_limits.rows(limits, section, {"a": 170, "c": 25})}
        self.assertEqual({name: (row.quiet, row.kind, row.last) for name, row in found.items()},
                         {"a": (100, "recorded", 170), "b": (50, "estimated", None), "c": (25, "last run", 25),
                          "d": (None, "", None), "e": (None, "", None)})
        self.assertEqual([row.name for row in found.values() if row.flag(True)], ["c", "e"])  # e takes at most 12 s
        self.assertEqual([row.name for row in found.values() if row.flag(False)], ["c"])

    def test_a_slow_machine(self):
        section = {"seconds": {"a": 100}}
        self.assertEqual([row.flag(True) for factor in (1.0, 1.6, 1.7, 0.25, 0.2)
                          for row in time_limits.rows({"a": 500}, section, {}, factor)], ["", "", "below 3 x", "", "above 20 x"])


    def test_a_slow_machine_has_longer_limits(self):
        section = {"calibration_seconds": 0.1}
        self.assertEqual([time_limits.factor_of(taken, section) for taken in (0.04, 0.1, 0.124, 0.13, 0.22, 0.25, 99)],
                         [1, 1, 1, 2, 2, 3, time_limits.MOST_FACTOR])
        self.assertEqual(time_limits.factor_of(2.5 * time_limits.QUICK_CALIBRATION, {}), 3)  # nothing is recorded
        found = time_limits.rows({"a": 1500, "b": 180, "c": 600}, {"seconds": {"a": 100, "c": 4}}, {}, 3, 3)
        self.assertEqual([row.flag(True) for row in found], ["", "", "above 20 x"])

    def test_five_times_the_quiet_time_is_always_three_times(self):
        for slowness in range(10, 1000):
            factor = time_limits.factor_of(slowness / 100, {"calibration_seconds": 1})
            self.assertGreaterEqual(5 * factor, 3 * slowness / 100)


class Records(unittest.TestCase):
    def test_times_of_a_run(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "times.xml")
            self.assertEqual(time_limits.junit_times(path), {})
            with open(path, "w", encoding="utf-8") as file:
                file.write(JUNIT)
            self.assertEqual(time_limits.junit_times(path), {'quick "one"; two': 0.25, "slow": 40.6})
            with open(path, "w", encoding="utf-8") as file:
                file.write("lint\t700\t0\nhangs\t900\t124\n")
            self.assertEqual(time_limits.nightly_times(path), {"lint": 700})

    def test_merging(self):
        section = {"date": "old", "seconds": {"a": 30, "b": 40, "gone": 50, "quicker": 20}, "estimated": {"c": 360, "d": 20}}
        times = {"a": 35.2, "new": 13, "quick": 12, "quicker": 3, "c": 100, "unknown": 99}
        self.assertEqual(time_limits.merged(section, times, {"a", "b", "c", "d", "new", "quick", "quicker"}, 12, {"date": "new"}),
                         {"date": "new", "seconds": {"a": 36, "b": 40, "c": 100, "new": 13}, "estimated": {"d": 20}})

    def test_the_parts_of_the_night(self):
        limits = time_limits.nightly_limits({"estimated": {"lint": 700, "asan-soak": 310}, "seconds": {"lint": 100}})
        self.assertEqual((limits["lint"], limits["asan-soak"], limits["hangs"]), (500, 1550, time_limits.NIGHTLY_DEFAULT))


class Command(unittest.TestCase):
    """The whole, on a build tree of three tests."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.write("CTestTestfile.cmake", "add_test(slow true)\nset_tests_properties(slow PROPERTIES TIMEOUT 205)\n"
                                          "add_test(quick true)\nadd_test([=[odd \"name\"; x]=] true)\n")
        self.write("DartConfiguration.tcl", "TimeOut: 60\n")
        self.write("CMakeCache.txt", "ASHLAR_TIMES_OF:INTERNAL=mine\n")
        self.write("times.xml", JUNIT)
        self.write("quiet.json", "{}")

    def write(self, name, text):
        with open(os.path.join(self.folder.name, name), "w", encoding="utf-8") as file:
            file.write(text)

    def run_script(self, *words):
        command = [sys.executable, os.path.join(SCRIPTS, "time_limits.py"), "--tree", self.folder.name,
                   "--quiet-times", os.path.join(self.folder.name, "quiet.json"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_audit_and_record(self):
        run = self.run_script("--recorded-only")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("tests of the tree mine: not recorded\n3 others with a limit of 60, 205 s\n3 limits, 0 flagged\n",
                      run.stdout)
        self.assertEqual(self.run_script("--record", "--loaded").returncode, 0)
        with open(os.path.join(self.folder.name, "quiet.json"), encoding="utf-8") as file:
            recorded = json.load(file)["mine"]
        self.assertEqual((recorded["seconds"], recorded["quiet"]), ({"slow": 41}, False))
        run = self.run_script("--recorded-only")
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertRegex(run.stdout, r"(?m)^tests of the tree mine: recorded on [-\d]+, on a busy machine$")
        self.assertRegex(run.stdout, r"(?m)^slow +205 +41\.0 recorded +5\.0$")
        self.write("CMakeCache.txt", "ASHLAR_TIMES_OF:INTERNAL=mine\nASHLAR_TIME_FACTOR:STRING=2\n")
        run = self.run_script("--recorded-only")
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertRegex(run.stdout, r"(?m)^slow +205 +82\.0 recorded +2\.5 +below 3 x$")
        self.assertRegex(self.run_script("--all").stdout, r'(?m)^odd "name"; x +60 +<= 24 .*below 3 x$')

    def test_the_factor_for_the_build(self):
        for recorded, expected in ((1000, "1\n"), (1e-6, f"{time_limits.MOST_FACTOR}\n")):
            self.write("quiet.json", json.dumps({"mine": {"calibration_seconds": recorded}}))
            run = self.run_script("--factor", "mine")
            self.assertEqual((run.returncode, run.stdout), (0, expected), run.stderr)
            nightly = self.run_script("--nightly-limits")
            self.assertEqual(nightly.returncode, 0, nightly.stderr)


if __name__ == "__main__":
    unittest.main()
