# SPDX-License-Identifier: MIT
"""Runs ashlar bench on a few workloads, as briefly as possible: which workloads run, their order, and the result's
contents.

usage: bench_command_test.py ASHLAR"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ASHLAR = sys.argv[1]
SHORT = ["--quick", "--rounds", "1", "--seconds", "0.02", "--operations", "5000", "--allocators", "system"]


def bench(*arguments):
    return subprocess.run([ASHLAR, "bench", *SHORT, *arguments], capture_output=True, text=True, check=False)


def run_well(*arguments):
    """Returns (result in JSON, printed text)."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        done = bench(*arguments, "--json", path)
        assert done.returncode == 0, f"{arguments}: status {done.returncode}\n{done.stdout}{done.stderr}"
        with open(path, encoding="utf-8") as file:
            return json.load(file), done.stdout


def names(result):
    return [configuration["name"] for configuration in result["configurations"]]


class Bench(unittest.TestCase):
    def test_named_workloads_run_once_in_the_order_of_the_suite(self):
        result, _ = run_well("batches", "larson", "batches", "--threads", "1,2")
        self.assertEqual(names(result), ["larson, 1 thread", "larson, 2 threads", "batches fifo, 1 thread",
                                         "batches fifo, 2 threads", "batches lifo, 1 thread", "batches lifo, 2 threads"])
        self.assertTrue(result["complete"])

    def test_sizes_and_operations_are_those_asked_for(self):
        result, _ = run_well("random_mixed", "--sizes", "24,16-64")
        self.assertEqual(names(result), ["random_mixed, 24 B", "random_mixed, 16-64 B"])
        for configuration in result["configurations"]:
            self.assertEqual(configuration["command"][1], "5000")

    def test_latency_is_a_figure_of_its_own(self):
        result, printed = run_well("latency", "--threads", "1")
        for call in ("malloc", "free"):
            for percentile in ("p50", "p99", "p99.9", "p99.99"):
                self.assertIn(f"Time of {call}, {percentile}, in ns", printed)
                for sample in result["samples"]:
                    self.assertGreater(sample[f"{call} {percentile}"], 0)

    def test_a_result_with_every_kind_of_workload_is_gone_on_with(self):
        # drain prints its own figure, like programs under `compare`.
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "result.json")
            done = bench("drain", "batches", "--threads", "1", "--scale", "1", "--json", path)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(path, encoding="utf-8") as file:
                whole = json.load(file)
            partial = {**whole, "complete": False, "samples": whole["samples"][:4]}
            with open(path, "w", encoding="utf-8") as file:
                json.dump(partial, file)
            done = subprocess.run([ASHLAR, "bench", "--resume", path], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(path, encoding="utf-8") as file:
                again = json.load(file)
            self.assertTrue(again["complete"])
            self.assertEqual(len(again["samples"]), len(whole["samples"]))

    def test_memory_over_time_is_in_the_result(self):
        result, _ = run_well("long_run", "--long-seconds", "0.2")
        self.assertTrue(result["follow_rss"])
        for sample in result["samples"]:
            if sample["round"] > 0:
                self.assertGreater(len(sample["rss_over_time"]), 2)

    def test_help_lists_every_workload(self):
        text = bench("--help").stdout
        for name in ("larson", "strings_and_maps", "latency"):
            self.assertRegex(text, rf"(?m)^  [* ] {name} +\S")

    def test_baseline_only(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "result.json")
            done = subprocess.run([ASHLAR, "bench", "--baseline-only", "--rounds", "1", "--warm-up", "1", "--json", path,
                                   shutil.which("true")], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(path, encoding="utf-8") as file:
                names = [contender["name"] for contender in json.load(file)["contenders"]]
        self.assertEqual(names[0], "System")
        self.assertNotIn("ashlar", names)
        for command in ([], ["locks"], ["languages"], ["programs"]):
            for options, named in ((["--allocators", "system"], "--allocators"), (["--quick"], "--quick")):
                if command or "--quick" not in options:
                    done = subprocess.run([ASHLAR, "bench", *command, "--baseline-only", *options], capture_output=True,
                                          text=True, check=False)
                    self.assertEqual(done.returncode, 2, (command, options))
                    self.assertIn(named, done.stderr)

    def test_wrong_arguments(self):
        for arguments, named in ((["larsen"], "larsen"), (["--threads", "0"], "--threads"), (["--operations", "0"], "--operations"),
                                 (["--sizes", "big"], "big"), (["--sizes", "16-8"], "16-8"), (["--sizes", "0"], "'0'"),
                                 (["--sizes", "64-"], "64-"), (["--sizes", "-64"], "-64"), (["--sizes", "16,8-9-10"], "8-9-10"),
                                 (["--sizes", "1-1073741825"], "1073741825"), (["--sizes", "99999999999999999999"], "9999"),
                                 (["--seconds", "nan"], "nan"), (["--long-seconds", "nan"], "nan")):
            done = bench(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(named, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
