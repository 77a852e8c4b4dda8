# SPDX-License-Identifier: MIT
"""Tests ashlar report on the command line: where output goes, and the messages about unreadable results.

usage: command_test.py ASHLAR RESULTS"""
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

ASHLAR, RESULTS = sys.argv[1:3]
BENCH = os.path.join(RESULTS, "bench.json")
PROGRAM = os.path.join(RESULTS, "program.json")


def run(*arguments):
    return subprocess.run([ASHLAR, "report", *arguments], capture_output=True, text=True, timeout=60)


def google_benchmark(nanoseconds):
    return {"context": {"date": "2026-01-01", "host_name": "here", "num_cpus": 2},
            "benchmarks": [{"name": f"pairs/{size}", "run_name": f"pairs/{size}", "run_type": "iteration",
                            "repetition_index": repetition, "threads": 1, "iterations": 1000,
                            "real_time": nanoseconds + repetition, "cpu_time": nanoseconds + repetition,
                            "time_unit": "ns"} for size in (16, 64) for repetition in range(5)]}


class CommandTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def path(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def succeed(self, *arguments):
        done = run(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def refuse(self, *arguments, says, status=2):
        done = run(*arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, "")
        for words in says:
            self.assertIn(words, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_markdown_is_what_is_printed(self):
        text = self.succeed(BENCH)
        self.assertTrue(text.startswith("# larson, random_mixed, fragmentation under System, jemalloc, ashlar\n"))
        stored = json.loads(self.read(BENCH))
        for contender in stored["contenders"]:
            self.assertIn(contender["sha256"], text)
        self.assertIn(stored["machine"]["processor"], text)
        for configuration in stored["configurations"]:
            self.assertIn(f"| {configuration['name']} ", text)

    def test_every_sample_is_a_line_of_the_csv(self):
        stored = json.loads(self.read(BENCH))
        lines = list(csv.DictReader(io.StringIO(self.succeed(BENCH, "--csv", "-"))))
        self.assertEqual(len(lines), len(stored["samples"]))
        for line, sample in zip(lines, stored["samples"]):
            self.assertEqual(line["configuration"], stored["configurations"][sample["configuration"]]["name"])
            self.assertEqual(line["allocator"], stored["contenders"][sample["contender"]]["name"])
            self.assertEqual(float(line["wall_seconds"]), sample["wall_seconds"])
            self.assertEqual(float(line["throughput"]) if line["throughput"] else None, sample.get("throughput"))
            self.assertNotIn(None, line)  # fields without a name

    def test_all_three_at_once(self):
        outputs = [self.path(name) for name in ("r.md", "r.csv", "r.html")]
        self.assertEqual(self.succeed(PROGRAM, "--markdown", outputs[0], "--csv", outputs[1], "--html", outputs[2]), "")
        self.assertTrue(self.read(outputs[0]).startswith("# "))
        self.assertTrue(self.read(outputs[1]).startswith("result,configuration,"))
        self.assertTrue(self.read(outputs[2]).startswith("<!DOCTYPE html>"))
        self.assertEqual(sorted(os.listdir(self.folder)), ["r.csv", "r.html", "r.md"])

    def test_a_program_is_judged_by_what_compare_judges_it_by(self):
        # Half the wall time with the same CPU time is faster.
        stored = json.loads(self.read(PROGRAM))
        for sample in stored["samples"]:
            noise = 1 + 0.001 * ((sample["round"] * 3 + sample["contender"] * 2) % 5)
            sample["user_seconds"], sample["system_seconds"] = noise, 0
            sample["wall_seconds"] = noise * (0.5 if sample["contender"] == 1 else 1)
        text = self.succeed(self.path("half.json", json.dumps(stored)))
        self.assertIn("| jemalloc | 1 | 0 | 0 | 1.41× |", text)
        self.assertIn("| ashlar | 0 | 0 | 1 | 1.00× |", text)
        self.assertIn("* **Speed:** jemalloc is the fastest: wall time 0.50× (", text)

    def test_speed_and_memory_have_a_verdict_each(self):
        # Same speed as System, with a sixth more memory.
        stored = json.loads(self.read(PROGRAM))
        for sample in stored["samples"]:
            noise = 1 + 0.001 * ((sample["round"] * 3 + sample["contender"] * 2) % 5)
            more = 1.17 if stored["contenders"][sample["contender"]]["name"] == "ashlar" else 1
            sample["user_seconds"], sample["system_seconds"], sample["wall_seconds"] = noise, 0, noise
            sample["peak_rss_kib"] = round(100000 * noise * more)
        result = self.path("more.json", json.dumps(stored))
        for text in (self.succeed(result), self.succeed(result, "--html", "-")):
            self.assertIn("no measurable difference", text)
            self.assertRegex(text, r"ashlar needs more than System: peak RSS 1\.17× \(1\.1[67] to 1\.1[78]\)\.")
            self.assertIn("keep System.", text)
        for text in (self.succeed(BENCH), self.succeed(BENCH, "--html", "-")):
            self.assertRegex(text, "faster than System in [0-9]+ of [0-9]+, slower in .*; less memory in [0-9]+ of [0-9]+, more in")

    def test_the_same_result_twice_has_no_changes(self):
        text = self.succeed(BENCH, BENCH)
        self.assertIn("## What changed", text)
        self.assertIn(": 0 better, 0 worse, ", text)

    def test_google_benchmark(self):
        slow = self.path("slow.json", json.dumps(google_benchmark(100)))
        fast = self.path("fast.json", json.dumps(google_benchmark(50)))
        text = self.succeed(slow, "mine=" + fast)
        self.assertIn("# 2 benchmarks under slow, mine", text)
        self.assertIn("| pairs/16 | 102.0 | 52.00, **0.51× (", text)
        self.assertEqual(len(self.succeed(slow, fast, "--csv", "-").splitlines()), 21)
        self.assertIn("By size", self.succeed(slow, fast, "--html", "-"))

    def test_results_that_cannot_be_read(self):
        self.refuse(self.path("none.json"), says=["none.json", "No such file"])
        self.refuse(self.folder, says=["is a folder"])
        self.refuse(self.path("empty.json", ""), says=["empty.json is empty"])
        self.refuse(self.path("text.json", "hello"), says=["text.json is no JSON"])
        self.refuse(self.path("list.json", "[1, 2]"), says=["list.json is JSON, but neither"])
        self.refuse(self.path("other.json", '{"a": 1}'), says=["other.json is JSON, but neither"])
        self.refuse(self.path("old.json", '{"format": "ashlar-comparison-1"}'), says=["old.json", "ashlar-comparison-1"])

    def test_a_result_that_is_cut_off(self):
        whole = self.read(BENCH)
        for size in (1, 100, len(whole) // 2, len(whole) - 3):
            self.refuse(self.path("part.json", whole[:size]), says=["part.json is cut off"])

    def test_a_result_with_a_hole(self):
        stored = json.loads(self.read(BENCH))
        del stored["machine"]
        self.refuse(self.path("hole.json", json.dumps(stored)), says=["hole.json", "machine"])

    def test_what_does_not_go_together(self):
        benchmark = self.path("gb.json", json.dumps(google_benchmark(100)))
        self.refuse(BENCH, benchmark, says=["do not go into one report"])
        self.refuse(BENCH, BENCH, BENCH, says=["two are before and after"])
        self.refuse(BENCH, PROGRAM, says=["nothing in common"])
        self.refuse(benchmark, benchmark, says=["two results are called 'gb'"])

    def test_a_result_is_never_overwritten(self):
        copy = self.path("copy.json", self.read(BENCH))
        self.refuse(copy, "--csv", copy, says=["is the result itself"])
        link = self.path("link.json")
        os.symlink(copy, link)
        self.refuse(copy, "--html", link, says=["is the result itself"])
        self.assertEqual(self.read(copy), self.read(BENCH))

    def test_outputs_that_cannot_be(self):
        self.refuse(BENCH, "--csv", "-", "--html", "-", says=["two reports cannot go to the standard output"])
        target = os.path.join(self.folder, "no", "such", "folder.html")
        self.refuse(BENCH, "--html", target, says=["cannot write to", "folder.html", "No such file"], status=1)
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([ASHLAR, "report", BENCH], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left", done.stderr)

    def test_what_was_there_stays_if_the_result_is_bad(self):
        target = self.path("kept.html", "precious")
        self.refuse(self.path("bad.json", "{"), "--html", target, says=["bad.json"])
        self.assertEqual(self.read(target), "precious")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
