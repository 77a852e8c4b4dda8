# SPDX-License-Identifier: MIT
"""Tests scripts/measure/economy.py: its conclusions from figures, and short runs of every workload.

usage: economy_test.py SCRIPTS TREE"""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPTS, TREE = sys.argv[1:3]
sys.path.insert(0, SCRIPTS)
import economy  # noqa: E402
from economy import AGAIN, ASHLAR, BEST, SYSTEM, TODAY, Results, Target, Workload  # noqa: E402

FIGURES = ("wall", "user", "system", "cpu", "faults", "switches", "rss")


def constant(*values):
    """Returns equal values for every figure, round by round."""
    return {name: list(values) for name in FIGURES}


def judged(figures, target, workload="work"):
    """Returns the line about a target, if it exists."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        Results(figures).judge(workload, target, economy.Verdicts())
    return printed.getvalue()


class FakeRun:
    seconds, cpu_seconds, system_seconds, faults, voluntary_switches, peak_kib = 2, 3, 1, 500, 40, 2048
    output = "pair = 1500.0 ns\n"

    @staticmethod
    def throughput():
        return 5e6

    @staticmethod
    def number(_):
        return 1500.0


class Conclusions(unittest.TestCase):
    def test_figures_of_a_run(self):
        figures = economy.figures_of(FakeRun(), Workload("work", "work", "", own={"us": ("pair", 1000), "ns": "pair"}))
        self.assertEqual(figures, {"wall": 2, "user": 2, "system": 1, "cpu": 3, "faults": 500, "switches": 40, "rss": 2,
                                   "us": 1.5, "ns": 1500})

    def test_figures_of_a_run_that_is_bounded_by_time(self):
        figures = economy.figures_of(FakeRun(), Workload("work", "work", "", seconds=2))  # 10 million operations
        self.assertEqual(figures["cpu"], 0.3)
        self.assertEqual(figures["faults"], 50)
        self.assertEqual(figures["rss"], 2)

    def test_ratios_are_within_rounds(self):
        self.assertEqual(economy.ratio([1, 20, 300], [2, 10, 300]), 1)
        self.assertEqual(economy.ratios([1, 2], [0, 4]), [0.5])
        self.assertIsNone(economy.ratio([1, 2], [0, 4]))  # half of the rounds only

    def test_a_value(self):
        figures = {"work": {ASHLAR: constant(90, 100, 200)}}
        self.assertRegex(judged(figures, Target("faults", at_most=100)), r"^PASS  work, faults: 100 ")
        self.assertRegex(judged(figures, Target("faults", at_most=99)), r"^FAIL")
        self.assertRegex(judged(figures, Target("faults", at_least=101)), r"^FAIL")

    def test_the_best_is_the_least_of_the_others_and_not_a_build_of_ashlar(self):
        figures = {"work": {SYSTEM: constant(4, 4), AGAIN: constant(1, 1), TODAY: constant(1, 1), ASHLAR: constant(3, 3),
                            "jemalloc": constant(2, 2)}}
        self.assertRegex(judged(figures, Target("wall", at_most=1.5, to=BEST)), r"^PASS  work, wall, ratio to jemalloc \(the best\): 1\.5 ")
        self.assertRegex(judged(figures, Target("wall", at_most=1.49, to=BEST)), "^FAIL")

    def test_another_workload(self):
        figures = {"fresh": {ASHLAR: constant(2, 2)}, "work": {ASHLAR: constant(3, 3)}}
        self.assertRegex(judged(figures, Target("wall", at_most=1.4, to="fresh")), r"^FAIL  work, wall, ratio to fresh: 1\.5 ")

    def test_nothing_is_said_about_what_nobody_ran(self):
        figures = {"work": {SYSTEM: constant(1), ASHLAR: constant(1)}}
        for to in (TODAY, "tcmalloc", "fresh"):
            self.assertEqual(judged(figures, Target("wall", at_most=1, to=to)), "")

    def test_a_failed_target_is_the_exit_status(self):
        for fast, status in ((90, 0), (93, 1)):
            figures = {"larson": {TODAY: constant(100), ASHLAR: constant(fast), SYSTEM: constant(100)}}
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                self.assertEqual(economy.say_targets(Results(figures)), status)
            self.assertIn("all workloads, wall, geometric mean of the ratios to today", printed.getvalue())

    def test_means_leave_probes_out(self):
        figures = {"larson": {SYSTEM: constant(1), ASHLAR: constant(2)}, "drain": {SYSTEM: constant(1), ASHLAR: constant(8)},
                   "purge_pause": {SYSTEM: constant(1), ASHLAR: constant(100)}}
        mean, count = Results(figures).mean(ASHLAR, "wall", SYSTEM)
        self.assertAlmostEqual(mean, 4)
        self.assertEqual(count, 2)

    def test_markdown_has_a_row_for_each_workload(self):
        figures = {"larson": {SYSTEM: constant(4, 4), ASHLAR: constant(1, 1), "jemalloc": constant(2, 2)}}
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            economy.say_markdown(Results(figures))
        header, _, row = printed.getvalue().splitlines()
        self.assertTrue(header.startswith("| workload | wall s | "), header)
        self.assertTrue(row.startswith("| larson | 1.000 | "), row)
        self.assertTrue(row.endswith(" | 0.25 | 0.25 | 0.50 jemalloc |"), row)

    def test_names(self):
        names = [each.name for each in economy.WORKLOADS]
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual([each.name for each in economy.chosen(["larson"])], ["larson"])
        self.assertEqual(len(economy.chosen(["phases_of_sizes"])), 2)
        with self.assertRaisesRegex(SystemExit, "larsen"):
            economy.chosen(["larsen"])


class Runs(unittest.TestCase):
    def run_well(self, *arguments):
        done = subprocess.run([sys.executable, os.path.join(SCRIPTS, "economy.py"), "--tree", TREE, *arguments], check=False,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_each_workload_once(self):
        library = os.path.join(TREE, "lib/libashlar.so")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "economy.json")
            printed = self.run_well("--quick", "--today", library, "--json", path)
            with open(path, encoding="utf-8") as file:
                content = json.load(file)
            again = subprocess.run([sys.executable, os.path.join(SCRIPTS, "economy.py"), "--from", path], check=False,
                                   capture_output=True, text=True)
        self.assertEqual(list(content["figures"]), [each.name for each in economy.WORKLOADS])
        self.assertEqual(content["libraries"][ASHLAR], os.path.realpath(library))
        for workload in economy.WORKLOADS:
            self.assertIn(f"\n{workload.name}: ", printed)
            runs = content["figures"][workload.name]
            self.assertEqual(list(runs)[:4], [SYSTEM, AGAIN, TODAY, ASHLAR])
            for each in runs.values():
                self.assertEqual(set(each), {*FIGURES, *workload.own})
                self.assertGreater(each["faults"][0], 0)
                for values in each.values():
                    self.assertEqual(len(values), 1)
        # A report of the same figures has the same text, plus the targets.
        self.assertTrue(again.stdout.startswith(printed.rstrip("\n")), again.stdout + again.stderr)
        self.assertRegex(again.stdout, r"(PASS|FAIL)  thread_waves, faults: ")

    def test_wrong_arguments(self):
        for arguments, named in ((["--only", "larsen"], "larsen"), (["--rounds", "0"], "--rounds"), (["--today", "/no/such"], "/no/such")):
            done = subprocess.run([sys.executable, os.path.join(SCRIPTS, "economy.py"), "--tree", TREE, *arguments], check=False,
                                  capture_output=True, text=True)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertIn(named, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
