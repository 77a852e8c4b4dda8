# SPDX-License-Identifier: MIT
"""Tests ashlar bench locks: the configurations that run, the contents of table and result, and refused arguments.

usage: bench_locks_command_test.py ASHLAR"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

ASHLAR = sys.argv[1]
LIMIT = 120
GOOD = """
[[configuration]]
name = "few"
type = "high_contention"
threads = 3
operations = 50
time_limit_s = 60
quick = { operations = 20 }

[[configuration]]
name = "nested"
type = "hierarchy"
threads = 2
locks = 3
operations = 30
time_limit_s = 60

[[configuration]]
name = "time-outs"
type = "deadlock_prone"
threads = 2
operations = 5
random_order = false
time_limit_s = 60
"""


def locks(*arguments, **environment):
    clean = {name: value for name, value in os.environ.items() if name != "BENCHMARK_CONFIGS"}
    return subprocess.run([ASHLAR, "bench", "locks", *arguments], capture_output=True, text=True, timeout=LIMIT, check=False,
                          env={**clean, **environment})


class BenchLocks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def list_of(self, text=GOOD):
        with open(self.path("own.toml"), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path("own.toml")

    def measure(self, *arguments, **environment):
        """Returns (result in JSON, printed text)."""
        done = locks("--scenarios", self.list_of(), "--rounds", "1", "--json", self.path("result.json"), *arguments, **environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with open(self.path("result.json"), encoding="utf-8") as file:
            return json.load(file), done.stdout

    def names(self, result):
        return [configuration["name"] for configuration in result["configurations"]]

    def test_every_configuration_runs_under_every_allocator(self):
        result, printed = self.measure("--allocators", "ashlar")
        self.assertEqual(self.names(result), ["few", "nested", "time-outs"])
        ran = {(sample["configuration"], result["contenders"][sample["contender"]]["name"]) for sample in result["samples"]}
        self.assertLessEqual({(index, name) for index in range(3) for name in ("System", "ashlar")}, ran)
        for sample in result["samples"]:
            self.assertEqual(sample["errors_found"], 0)
            self.assertGreater(sample["duration_seconds"], 0)
            self.assertGreater(sample["throughput"], 0)
            self.assertEqual(sample["operations"], (150, 60, 10)[sample["configuration"]])
        profiled = [contender for contender in result["contenders"] if contender["companion"]]
        self.assertEqual([contender["name"] for contender in profiled], ["System+locks", "ashlar+locks"])
        self.assertRegex(printed, r"(?m)^  ashlar\+locks .* \d+ %$")
        for words in ("few", "nested", "time-outs", "acquire, µs", "contentions", "errors", "ashlar"):
            self.assertIn(words, printed)
        self.assertRegex(printed, r"(?m)^(No red flags\.|Red flags:)$")

    def test_only_those_named_in_the_order_of_the_file(self):
        self.assertEqual(self.names(self.measure("--only", "nested,few", "--allocators", "system")[0]), ["few", "nested"])
        result, _ = self.measure("--allocators", "system", BENCHMARK_CONFIGS="time-outs")
        self.assertEqual(self.names(result), ["time-outs"])

    def test_quick_has_system_and_ashlar_and_shorter_runs(self):
        result, _ = self.measure("--quick", "--only", "few")
        self.assertEqual({each["name"] for each in result["contenders"]}, {"System", "ashlar", "ashlar+locks"})
        self.assertEqual({sample["operations"] for sample in result["samples"]}, {60})

    def test_markdown_is_a_table(self):
        _, printed = self.measure("--markdown", "--no-profiling", "--only", "few", "--allocators", "system")
        header, rule, row = [line for line in printed.splitlines() if line.startswith("|")]
        self.assertTrue(header.startswith("| configuration | allocator | s |"))
        self.assertEqual(header.count("|"), row.count("|"))
        self.assertEqual(header.count("|"), rule.count("|"))

    def test_a_run_that_hangs_ends_at_its_time_limit(self):
        text = GOOD.replace("threads = 3\noperations = 50\ntime_limit_s = 60\nquick = { operations = 20 }",
                            "threads = 3\noperations = 4000000000\ntime_limit_s = 1")
        done = locks("--scenarios", self.list_of(text), "--only", "few", "--rounds", "1", "--allocators", "system", "--json",
                     self.path("result.json"))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("timed out", done.stdout + done.stderr)
        self.assertTrue(any(name.startswith("hang-") for name in os.listdir(self.folder)), os.listdir(self.folder))

    def test_an_interrupted_run_is_gone_on_with(self):
        result, _ = self.measure("--allocators", "system")
        with open(self.path("result.json"), "w", encoding="utf-8") as file:
            json.dump({**result, "complete": False, "samples": result["samples"][:2]}, file)
        done = locks("--resume", self.path("result.json"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with open(self.path("result.json"), encoding="utf-8") as file:
            again = json.load(file)
        self.assertTrue(again["complete"])
        self.assertEqual(len(again["samples"]), len(result["samples"]))
        self.assertEqual([each.get("time_limit_ms") for each in again["configurations"]], [60_000] * 3)

    def test_one_scenario_runs_once(self):
        done = locks("--type", "high_contention", "--threads", "5", "--locks", "2", "--operations", "100", BENCHMARK_CONFIGS="any")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Operations = 500\n", done.stdout)
        self.assertRegex(done.stdout, r"Throughput = [\d.]+ operations per second\n\Z")

    def refused(self, *arguments, text=None):
        own = [] if text is None else ["--scenarios", self.list_of(text)]
        done = locks(*own, *arguments)
        self.assertEqual(done.returncode, 2, (arguments, text, done.stdout, done.stderr))
        return done.stdout + done.stderr

    def test_wrong_arguments(self):
        missing = self.path("none/result.json")
        for arguments, named in (
                (["--only", "fewer"], "no configuration is called 'fewer'; there are high-contention-10-threads"),
                (["--scenarios", missing], f"cannot read {missing}"),
                (["--only", "long-held", "--json", missing], missing),
                (["--type", "high_contetion"], "no scenario 'high_contetion'"),
                (["--type", "async", "--threads", "0"], "--threads: expected a number from 1"),
                (["--type", "async", "--json", missing], f"cannot write to {missing}"),
                (["--type", "async", "--quick"], "--quick does not go with --type"),
                (["--type", "async", "--only", "long-held"], "--only does not go with --type"),
                (["--threads", "3"], "--threads needs --type"),
                (["--allocators", "none"], "none"),
                (["larson"], "larson")):
            self.assertIn(named, self.refused(*arguments))

    def test_a_name_that_the_environment_has_wrong_is_refused(self):
        done = locks(BENCHMARK_CONFIGS="few,fewer")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no configuration is called", done.stderr)

    def test_options_before_the_word_are_refused(self):
        done = subprocess.run([ASHLAR, "bench", "--quick", "locks"], capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--quick stands before locks", done.stderr)

    def test_files_that_are_wrong_are_refused_before_anything_runs(self):
        for text, named in (
                ("[[configuration]\n", "own.toml, line 1: it is no TOML"),
                (GOOD.replace('"hierarchy"', '"hierarchie"'), "line 12: nested: there is no type 'hierarchie'; there are async"),
                (GOOD.replace("threads = 3", "threads = 0"), "few: threads is 0; it must be a whole number from 1 to 1024")):
            printed = self.refused(text=text)
            self.assertIn(named, printed)
            self.assertNotIn("rounds, each", printed)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=2)
