# SPDX-License-Identifier: MIT
"""Runs every lock scenario briefly: its own counts are consistent, and wrong arguments are refused.

usage: lock_scenarios_test.py SCENARIO FOLDER

FOLDER is bench/locks, whose scenarios.toml must name every type."""
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import unittest

SCENARIO, FOLDER = sys.argv[1:3]
LIMIT = 120
SHORT = {
    "high_contention": ["--threads", "8", "--operations", "100", "--hold-us", "2"],
    "hierarchy": ["--locks", "5", "--operations", "50"],
    "high_frequency": ["--operations", "500"],
    "mixed_primitives": ["--threads", "6", "--operations", "100"],
    "long_held": ["--threads", "2", "--locks", "1", "--operations", "3", "--hold-us", "4000", "--hold-spread-us", "2000"],
    "producer_consumer": ["--threads", "6", "--consumers", "3", "--capacity", "3", "--operations", "200"],
    "reader_writer": ["--threads", "8", "--writers", "3", "--operations", "100"],
    "memory_pressure": ["--operations", "5", "--allocate-mib-per-op", "1"],
    "deadlock_prone": ["--locks", "3", "--operations", "15", "--hold-us", "200", "--acquire-limit-us", "1000"],
    "async": ["--threads", "3", "--tasks", "40", "--operations", "20"],
}


def run(*arguments):
    return subprocess.run([SCENARIO, *arguments], capture_output=True, text=True, timeout=LIMIT, check=False)


def measure(kind, *arguments):
    done = run("--type", kind, *SHORT[kind], *arguments, "--json", "-")
    assert done.returncode == 0, f"{kind}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return json.loads(done.stdout)


def total(result, field):
    return sum(lock[field] for lock in result["locks_used"])


class EveryScenario(unittest.TestCase):
    def test_types_are_those_of_the_files_and_of_the_list(self):
        types = [line.split()[0] for line in run("--types").stdout.splitlines()]
        self.assertEqual(types, sorted(SHORT))
        files = [name.removesuffix(".cc") for name in os.listdir(os.path.join(FOLDER, "scenarios"))]
        self.assertEqual(sorted(files), types)
        with open(os.path.join(FOLDER, "scenarios.toml"), "rb") as file:
            listed = tomllib.load(file)["configuration"]
        self.assertEqual(sorted({entry["type"] for entry in listed}), types)

    def test_counts_fit_together(self):
        for kind in SHORT:
            with self.subTest(kind):
                result = measure(kind)
                self.assertEqual(result["errors"], 0)
                self.assertGreater(result["total_operations"], 0)
                self.assertGreater(result["duration_seconds"], 0)
                for lock in result["locks_used"]:
                    self.assertEqual(lock["acquisitions"], lock["releases"], lock)
                    self.assertLessEqual(lock["longest_wait_ns"], lock["wait_ns"], lock)
                    self.assertGreaterEqual(lock["hold_ns"], lock["longest_hold_ns"], lock)
                self.assertEqual(sum(worker["acquisitions"] for worker in result["workers"]), total(result, "acquisitions"))

    def test_text_names_every_figure_and_ends_with_the_throughput(self):
        done = run("--type", "high_contention", *SHORT["high_contention"])
        self.assertEqual(done.returncode, 0, done.stderr)
        for pattern in (r"Duration = [\d.]+ s", r"Operations = 800", r"Mean time to acquire = [\d.]+ us",
                        r"Maximum time to acquire = [\d.]+ us", r"Contentions = \d+", r"Time-outs = 0", r"Errors = 0",
                        r"Peak RSS = [1-9]\d* KiB", r"Throughput = [\d.]+ operations per second\n\Z"):
            self.assertRegex(done.stdout, "(?m)^" + pattern)

    def test_operations_are_as_many_as_were_asked_for(self):
        expected = {"high_contention": 800, "hierarchy": 200, "mixed_primitives": 600, "producer_consumer": 600,
                    "reader_writer": 800, "deadlock_prone": 60, "async": 800}
        for kind, operations in expected.items():
            self.assertEqual(measure(kind)["total_operations"], operations, kind)

    def test_one_seed_makes_the_same_choices(self):
        def choices(*arguments):
            return [lock["acquisitions"] for lock in measure("high_contention", *arguments)["locks_used"]]
        self.assertEqual(choices("--seed", "1"), choices("--seed", "1"))
        self.assertNotEqual(choices("--seed", "1"), choices("--seed", "2"))


class SingleScenarios(unittest.TestCase):
    def test_hierarchy_is_taken_from_the_first_level_to_the_last(self):
        result = measure("hierarchy")
        pairs = {(pair["held"], pair["acquired"]): pair["count"] for pair in result["order"]}
        self.assertEqual(pairs, {(f"level-{outer}", f"level-{inner}"): 200 for inner in range(5) for outer in range(inner)})

    def test_random_order_has_circles_and_fixed_order_has_none(self):
        def pairs(order):
            result = measure("deadlock_prone", "--operations", "40", "--random-order", order, "--acquire-limit-us", "20000")
            return {(pair["held"], pair["acquired"]) for pair in result["order"]
}
        self.assertTrue(all(held < acquired for held, acquired in pairs("0")))
        self.assertTrue(any(held > acquired for held, acquired in pairs("1")))

    def test_deadlocks_end_by_time_outs_which_are_no_errors(self):
        # Threads hold for 4 ms and give up after 1 ms, so sooner or later two collide.
        result = measure("deadlock_prone", "--threads", "4", "--locks", "2", "--operations", "30", "--hold-us", "4000")
        self.assertGreater(total(result, "time_outs"), 0)
        self.assertEqual(result["time_outs"], total(result, "time_outs"))
        self.assertEqual(total(result, "acquisitions"), 2 * result["total_operations"] + result["time_outs"])

    def test_long_holds_are_as_long_as_was_asked(self):
        (lock,) = measure("long_held")["locks_used"]
        self.assertGreaterEqual(lock["hold_ns"], 6 * 2_000_000)
        self.assertGreater(lock["waits_above_1_ms"], 0)
        self.assertGreater(lock["longest_wait_ns"], 1_000_000)

    def test_mixed_primitives_are_told_apart(self):
        result = measure("mixed_primitives")
        by_name = {lock["name"]: lock for lock in result["locks_used"]}
        self.assertEqual(by_name["recursive"]["acquisitions"], 2 * 600)
        self.assertEqual(by_name["semaphore"]["acquisitions"], 600)
        self.assertEqual(by_name["barrier"]["event_waits"], 6 * 2 * 13)  # 13 meetings of 6 threads
        self.assertEqual({lock["kind"] for lock in by_name.values()}, {"mutex", "recursive mutex", "semaphore", "barrier"})

    def test_memory_is_that_of_the_blocks(self):
        small = measure("memory_pressure", "--threads", "1", "--locks", "1")
        large = measure("memory_pressure", "--threads", "1", "--locks", "1", "--allocate-mib-per-op", "32")
        self.assertGreater(large["peak_rss_kib"], small["peak_rss_kib"] + 20 * 1024)

    def test_tasks_acquire_under_mutexes_and_the_semaphore(self):
        result = measure("async")
        semaphore = next(lock for lock in result["locks_used"] if lock["kind"] == "async semaphore")
        self.assertEqual(semaphore["acquisitions"], 800)
        self.assertEqual(total(result, "acquisitions"), 1600)
        self.assertEqual(len(result["workers"]), 40)


class WrongArguments(unittest.TestCase):
    def refused(self, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 2, (arguments, done.stdout, done.stderr))
        self.assertEqual(done.stdout, "")
        return done.stderr.splitlines()[0]

    def test_are_named(self):
        for arguments, named in (
                ([], "--type is missing"),
                (["--type", "high_contetion"], "no scenario 'high_contetion'"),
                (["--type", "async", "--threads", "0"], "--threads: expected a number from 1"),
                (["--type", "async", "--locks", "33"], "--locks: expected a number from 1 to 32"),
                (["--type", "async", "--operations", "0"], "--operations"),
                (["--type", "async", "--operations", "many"], "--operations"),
                (["--type", "async", "--threads"], "--threads: expected a value"),
                (["--type", "high_contention", "--tasks", "3"], "--tasks: high_contention does not take it"),
                (["--type", "long_held"], "--hold-us"),
                (["--type", "memory_pressure"], "--allocate-mib-per-op"),
                (["--type", "deadlock_prone", "--locks", "1"], "at least 2"),
                (["--type", "producer_consumer", "--threads", "2", "--consumers", "2"], "consumers"),
                (["--type", "producer_consumer", "--locks", "3"], "each queue needs a consumer"),
                (["--type", "reader_writer", "--writers", "5"], "writers"),
                (["--type", "async", "--unknown"], "unknown option --unknown"),
                (["--type", "async", "extra"], "1 arguments")):
            self.assertIn(named, self.refused(*arguments))

    def test_output_that_cannot_be_written_is_found_before_the_run(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "none", "result.json")
            first = self.refused("--type", "high_contention", "--operations", str(1 << 40), "--json", path)
            self.assertRegex(first, rf"cannot write to {re.escape(path)}: No such file or directory")

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_output_that_is_lost_is_a_failure(self):
        done = run("--type", "high_contention", *SHORT["high_contention"], "--json", "/dev/full")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write to /dev/full", done.stderr)

    def test_help(self):
        done = run("--help")
        self.assertEqual(done.returncode, 0)
        for kind in SHORT:
            self.assertRegex(done.stdout, rf"(?m)^  {kind} +\S")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=2)
