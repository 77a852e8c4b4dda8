# SPDX-License-Identifier: MIT
"""Tests the lock profiler: its counts, names and times, and that programs behave as without it.

usage: locks_test.py ASHLAR LOCKS PROGRAM PAIRS [NAME=ALLOCATOR]...

ASHLAR_LOCKS_RUNS sets how many runs must end (50)."""
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

ASHLAR, LOCKS, PROGRAM, PAIRS = (os.path.abspath(path) for path in sys.argv[1:5])
ALLOCATORS = dict([("System", "")] + [word.split("=", 1) for word in sys.argv[5:]])
LIMIT = 120
RUNS = int(os.environ.get("ASHLAR_LOCKS_RUNS", "50"))  # runs that must not hang


class Locks(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def run_program(self, what, allocator="", settings="", status=0):
        environment = dict(os.environ, LD_PRELOAD=":".join(filter(None, (allocator, LOCKS))),
                           ASHLAR_LOCKS=f"file:{self.folder}/%p.locks{settings}")
        done = subprocess.run([PROGRAM, what], env=environment, capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def reports(self):
        files = glob.glob(f"{self.folder}/*.locks")
        done = subprocess.run([ASHLAR, "profile", "--locks-json", "-", *files], capture_output=True, text=True,
                              timeout=LIMIT, check=True)
        return json.loads(done.stdout)["processes"]

    def locks(self):
        (report,) = self.reports()
        self.assertEqual(report["lost"], 0)
        return {lock["name"]: lock for lock in report["locks"]}

    def check_counts(self, wanted):
        found = self.locks()
        for name, count in wanted.items():
            with self.subTest(lock=name):
                self.assertEqual((found[name]["acquisitions"], found[name]["releases"]), (count, count))
        tried = found["slow"]
        self.assertEqual(tried["acquisitions"] + tried["failed_tries"], 8000)

    def test_counts_are_exact_under_every_allocator(self):
        for name, allocator in ALLOCATORS.items():
            with self.subTest(allocator=name):
                wanted = json.loads(self.run_program("each", allocator))
                self.check_counts(wanted)
                for file in glob.glob(f"{self.folder}/*.locks"):
                    os.remove(file)

    def test_a_kill_loses_nothing(self):
        self.check_counts(json.loads(self.run_program("killed", status=-9)))

    def test_waits_agree_with_the_programs_clock(self):
        own = [int(line) for line in self.run_program("hold").split()]
        lock = self.locks()["slow"]
        self.assertEqual((lock["acquisitions"], lock["contended"], lock["long_waits"]), (30, 15, 15))
        (report,) = self.reports()
        recorded = [wait["wait_ns"] for wait in report["long_waits"]]
        ratios = [one / other for one, other in zip(recorded, own)]
        self.assertAlmostEqual(statistics.median(ratios), 1, delta=0.05)
        self.assertAlmostEqual(lock["wait_ns"], sum(recorded), delta=1)
        self.assertIn("hold_long", " ".join(lock["waiters"][0]["frames"]))
        self.assertIn("hold_long", " ".join(lock["holders"][0]["frames"]))
        waiters = [thread for thread in lock["threads"] if thread["waits"]]
        self.assertEqual([thread["name"] for thread in waiters], ["waiter"] * 15)
        self.assertEqual(len({thread["tid"] for thread in waiters}), 15)

    def test_one_pattern_counts_the_same_for_each_kind(self):
        self.run_program("patterns")
        found = self.locks()
        for name in ("plain", "recursive", "shared", "semaphore"):
            with self.subTest(lock=name):
                lock = found[name]
                self.assertEqual([lock[what] for what in
                                  ("acquisitions", "releases", "contended", "failed_tries", "timed_out")],
                                 [10, 10, 5, 5, 0])
                self.assertGreaterEqual(lock["wait_ns"], 5 * 4_000_000)

    def test_order_and_a_circle_in_it(self):
        self.run_program("orders")
        (report,) = self.reports()
        self.assertEqual({(order["first"], order["second"]) for order in report["orders"]},
                         {("first_lock", "second_lock"), ("second_lock", "first_lock")})
        (cycle,) = report["cycles"]
        self.assertEqual({order["first"] for order in cycle}, {"first_lock", "second_lock"})
        self.assertIn("both_orders", " ".join(cycle[0]["frames"]))

    def test_annotated_locks(self):
        self.run_program("annotate")
        lock = self.locks()["a lock of its own"]
        self.assertEqual([lock[what] for what in ("acquisitions", "releases", "contended", "timed_out")],
                         [101, 101, 1, 1])
        self.assertGreaterEqual(lock["wait_ns"], 5_000_000)

    def test_programs_behave_as_without_it(self):
        alone = subprocess.run([PROGRAM, "harmless"], capture_output=True, text=True, timeout=LIMIT, check=True)
        self.assertNotIn("wrong", alone.stdout)
        for _ in range(10):
            self.assertEqual(self.run_program("harmless"), alone.stdout)
        for report in self.reports():
            for lock in report["locks"]:
                if lock["kind"] == "mutex" and lock["name"] in ("plain", "first_lock"):
                    self.assertEqual(lock["acquisitions"], lock["releases"], lock)

    def test_many_runs_end(self):
        for _ in range(RUNS):
            self.run_program("each")

    def test_off_writes_nothing(self):
        self.run_program("each", settings=",enabled:false")
        self.assertEqual(os.listdir(self.folder), [])

    def test_what_is_wrong_is_said(self):
        environment = dict(os.environ, LD_PRELOAD=LOCKS, ASHLAR_LOCKS="threshold:soon,colour:blue,file:/nowhere/at/all")
        done = subprocess.run([PROGRAM, "annotate"], env=environment, capture_output=True, text=True, timeout=LIMIT,
                              check=True)
        for words in ("threshold has to be a time", '"colour" is no setting', "cannot make a file in"):
            self.assertIn(words, done.stderr)

    def ashlar_profile(self, *arguments, status):
        done = subprocess.run([ASHLAR, "profile", *arguments], capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def test_the_command_shows_locks_beside_memory(self):
        done = self.ashlar_profile("--locks", "--", PROGRAM, "hold", status=0)
        for words in ("Locks of locking", "slow ", "Who waited, by stack", "Who kept others waiting", "hold_long",
                      "What to do", "live at the peak"):
            self.assertIn(words, done.stdout)

    def test_who_waits_for_whom_at_the_time_limit(self):
        done = self.ashlar_profile("--locks", "--timeout", "2", "--", PROGRAM, "deadlock", status=124)
        self.assertIn("Deadlock: these threads wait for one another", done.stdout)
        self.assertRegex(done.stdout, r"left \(\d+\) waits for the mutex second_lock, in .*\n    held by right \(\d+\)")

    def test_folded_stacks(self):
        self.run_program("hold")
        (file,) = glob.glob(f"{self.folder}/*.locks")
        folded = self.ashlar_profile("--locks-flamegraph", "-", file, status=0).stdout
        self.assertRegex(folded, r"hold_long.*;slow \d{5,}\n")

    def delayed(self, site, program, *arguments):
        """Returns the lock that was slowed down."""
        json_file = os.path.join(self.folder, "delayed.json")
        self.ashlar_profile("--locks", "--locks-json", json_file, "--delay", site, "--", program, *arguments, status=0)
        with open(json_file, encoding="utf-8") as file:
            (process,) = json.load(file)["processes"]
        (lock,) = [lock for lock in process["locks"] if lock["delayed"]]
        return lock

    def test_a_section_is_slowed_down(self):
        """The section's throughput is at most one operation per delay: each hold takes at least that much longer."""
        begin = time.monotonic()
        lock = self.delayed("main=+2ms", PAIRS, "100")
        self.assertGreaterEqual(time.monotonic() - begin, 0.2)
        self.assertEqual((lock["name"], lock["acquisitions"], lock["delayed"]), ("(anonymous namespace)::mutex", 100, 100))
        self.assertGreaterEqual(lock["hold_mean_ns"], 2_000_000)
        self.assertGreaterEqual(lock["hold_ns"], 200_000_000)

    def test_only_that_section_is_slowed_down(self):
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "locking.cc")
        with open(source, encoding="utf-8") as file:
            lines = [number for number, line in enumerate(file, 1) if "pthread_mutex_lock(&slow)" in line]
        for site in (f"locking.cc:{lines[1]}", "hold_long"):  # the other line belongs to the waiter
            with self.subTest(site=site):
                lock = self.delayed(site + "=+10ms", PROGRAM, "hold")
                self.assertEqual((lock["name"], lock["acquisitions"], lock["delayed"]), ("slow", 30, 15))
                self.assertGreaterEqual(lock["hold_max_ns"], 30_000_000)  # including its own 20 ms

    def test_a_site_that_is_not_there(self):
        for delay, words in (("no_such_function=+1ms", "there is no code of no_such_function"),
                             ("main=1ms", "SITE=+TIME"), ("main=+1", "SITE=+TIME"),
                             ("/nowhere/lib.so!main=+1ms", "cannot look for main")):
            with self.subTest(delay=delay):
                done = self.ashlar_profile("--locks", "--delay", delay, "--", PROGRAM, "hold", status=2)
                self.assertIn(words, done.stderr)
        done = self.ashlar_profile("--locks", "--delay", "annotate=+1ms", "--", PROGRAM, "hold", status=0)
        self.assertIn("no lock was acquired there", done.stderr)

    def test_a_threshold_needs_locks(self):
        self.assertIn("--locks", self.ashlar_profile("--threshold", "5", "--", "true", status=2).stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
