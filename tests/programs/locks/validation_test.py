# SPDX-License-Identifier: MIT
"""Compares the lock profiler with the lock scenarios' own counts and times. Prints the figures of the table in
docs/locks.md.

usage: validation_test.py ASHLAR LOCKS SCENARIO LIBRARY BATCHES

ASHLAR_LOCKS_SEEDS sets the number of seeds for sampling (2). ASHLAR_LOCKS_ERRORS sets the permitted error of an
estimate, in standard errors (4.5)."""
import glob
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import unittest

ASHLAR, LOCKS, SCENARIO, LIBRARY, BATCHES = (os.path.abspath(path) for path in sys.argv[1:6])
SEEDS = int(os.environ.get("ASHLAR_LOCKS_SEEDS", "2"))
ERRORS = float(os.environ.get("ASHLAR_LOCKS_ERRORS", "4.5"))
LIMIT = 120
HIGH = ("--type", "high_contention", "--threads", "10", "--locks", "2", "--operations", "500", "--hold-us", "20")
LONG = ("--type", "long_held", "--threads", "3", "--locks", "1", "--operations", "3", "--hold-us", "20000",
        "--hold-spread-us", "10000")


class Validation(unittest.TestCase):
    def run_scenario(self, *arguments, settings="", preload=(), **variables):
        """Returns the scenario's own figures, and the profiler's report."""
        with tempfile.TemporaryDirectory() as folder:
            environment = dict(os.environ, LD_PRELOAD=":".join([*preload, LOCKS]),
                               ASHLAR_LOCKS=f"file:{folder},limit:256m{settings}", **variables)
            done = subprocess.run([SCENARIO, *arguments, "--json", "-"], env=environment, capture_output=True, text=True,
                                  timeout=LIMIT, check=True)
            (file,) = glob.glob(folder + "/*.locks")
            report = subprocess.run([ASHLAR, "profile", "--locks-json", "-", file], check=True, capture_output=True,
                                    text=True, timeout=LIMIT).stdout
        (process,) = json.loads(report)["processes"]
        self.assertEqual(process["lost"], 0)
        return json.loads(done.stdout), process

    def pairs(self, own, profile):
        """Returns [(the scenario's figures, the profiler's)] of each lock."""
        recorded = {lock["address"]: lock for lock in profile["locks"]}
        found = [(lock, recorded[int(lock["address"], 16)]) for lock in own["locks_used"]
                 if int(lock["address"], 16) in recorded]
        self.assertEqual(len(found), len(own["locks_used"]))
        return found

    def ratios(self, pairs, wanted, recorded):
        return [other[recorded] / lock[wanted] for lock, other in pairs if lock[wanted]]

    def check_medians(self, take, off):
        """`take` runs a scenario and returns the ratios of each name. In at least one of ten runs all medians must be
        1 within `off`. In other runs a thread may have lost its processor between the two clocks. An error of the
        profiler would appear in all runs."""
        tried = []
        for _ in range(10):
            medians = {name: round(statistics.median(ratios), 4) for name, ratios in take().items()}
            tried.append(medians)
            if all(abs(median - 1) <= off for median in medians.values()):
                print(f"{medians}, {len(tried)} runs")
                return
        self.fail(f"no run within {off}: {tried}")

    def test_counts_are_those_of_the_scenario(self):
        cases = {
            "high_contention": HIGH,
            "hierarchy": ("--type", "hierarchy", "--locks", "5", "--operations", "200"),
            "high_frequency": ("--type", "high_frequency", "--operations", "2000"),
            "reader_writer": ("--type", "reader_writer", "--threads", "8", "--writers", "3", "--operations", "200"),
            "memory_pressure": ("--type", "memory_pressure", "--operations", "5", "--allocate-mib-per-op", "1"),
            "deadlock_prone": ("--type", "deadlock_prone", "--locks", "3", "--operations", "15", "--hold-us", "200",
                               "--acquire-limit-us", "1000"),
            "long_held": LONG,
        }
        for name, arguments in cases.items():
            with self.subTest(name):
                own, profile = self.run_scenario(*arguments)
                self.assertEqual(own["errors"], 0)
                for lock, recorded in self.pairs(own, profile):
                    self.assertEqual((recorded["acquisitions"], recorded["releases"], recorded["timed_out"]),
                                     (lock["acquisitions"], lock["releases"], lock["time_outs"]), lock["name"])

    def test_threads_are_named(self):
        own, profile = self.run_scenario(*HIGH)
        workers = {worker["thread"]: worker["name"] for worker in own["workers"]}
        seen = {thread["tid"]: thread["name"] for lock in profile["locks"] for thread in lock["threads"]}
        self.assertEqual({tid: name for tid, name in seen.items() if tid in workers}, workers)

    def test_waits_agree_with_the_scenarios_clock(self):
        """Waits above 10 us; there are some thousand."""
        self.check_medians(lambda: {"waits, high contention": self.ratios(
            self.pairs(*self.run_scenario(*HIGH)), "waits_above_10_us_ns", "wait_ns")}, 0.05)

    def test_long_waits_and_holds_agree_closely(self):
        def take():
            pairs = self.pairs(*self.run_scenario(*LONG))
            for lock, recorded in pairs:  # rare holds are all timed
                self.assertEqual(recorded["holds_sampled"], lock["acquisitions"])
            return {"waits, long held": self.ratios(pairs, "waits_above_10_us_ns", "wait_ns"),
                    "holds, long held": self.ratios(pairs, "hold_ns", "hold_ns")}

        self.check_medians(take, 0.01)

    def test_estimates_stay_within_their_errors(self):
        """The number of holds that the timed holds stand for. Two timed holds of a thread that stand for w each are 1
        to 2w - 1 apart, so the standard deviation is w / sqrt(3). Holds after a thread's last timed hold are not
        counted."""
        worst = 0
        for operations in (5000, 10_000, 20_000):
            for seed in range(1, SEEDS + 1):
                own, profile = self.run_scenario("--type", "high_frequency", "--threads", "8", "--locks", "2",
                                                 "--operations", str(operations), settings=f",seed:{seed}")
                locks = self.pairs(own, profile)
                wanted = sum(lock["acquisitions"] for lock, _ in locks)
                sampled = sum(recorded["holds_sampled"] for _, recorded in locks)
                estimate = sum(recorded["holds"] for _, recorded in locks)
                error = wanted / math.sqrt(3 * sampled)
                rest = len(own["workers"]) * wanted / sampled  # a mean gap for each thread
                errors = max(abs(estimate - wanted) - rest, 0) / error
                worst = max(worst, errors)
                print(f"sampling, {operations} operations, seed {seed}: {estimate} of {wanted} by {sampled}, {errors:.2f} errors")
                self.assertLessEqual(errors, ERRORS)
        print(f"sampling: at most {worst:.2f} standard errors")

    def test_the_order_of_a_hierarchy_can_be_read(self):
        own, profile = self.run_scenario("--type", "hierarchy", "--locks", "5", "--operations", "300")
        names = {int(lock["address"], 16): lock["name"] for lock in own["locks_used"]}
        own_order = {(pair["held"], pair["acquired"]): pair["count"] for pair in own["order"]}
        levels = [lock["name"] for lock in own["locks_used"]]
        read = {(names[order["first_address"]], names[order["second_address"]]): order["count"] for order in profile["orders"]
                if order["first_address"] in names and order["second_address"] in names}
        self.assertEqual(set(read), set(zip(levels, levels[1:])))
        for pair, count in read.items():
            self.assertEqual(count, own_order[pair], pair)
        self.assertEqual(profile["cycles"], [])

    def test_waits_of_coroutines_are_complete(self):
        def take():
            pairs = self.pairs(*self.run_scenario("--type", "async", "--threads", "3", "--tasks", "60", "--operations", "40"))
            for lock, recorded in pairs:
                with self.subTest(lock["name"]):
                    self.assertEqual(recorded["kind"], "annotated")
                    self.assertEqual((recorded["acquisitions"], recorded["releases"]), (lock["acquisitions"], lock["releases"]))
            waited = [(lock, recorded) for lock, recorded in pairs if lock["waits_above_10_us"] >= 20]
            return {"waits, async": self.ratios(waited, "waits_above_10_us_ns", "wait_ns")}

        self.check_medians(take, 0.05)

    def test_contended_locks_of_the_heap_are_in_its_ledger(self):
        """Eight threads refill and flush at once. The program has no locks, so no wait for one appears."""
        with tempfile.TemporaryDirectory() as folder:
            ledger = folder + "/ledger.json"
            environment = dict(os.environ, LD_PRELOAD=f"{LIBRARY}:{LOCKS}", ASHLAR_LOCKS=f"file:{folder}",
                               ASHLAR_CONF=f"count:true,stats_at_exit:{ledger}")
            subprocess.run([BATCHES, "20000000", "64", "1", "fifo", "10000", "8"], env=environment, capture_output=True,
                           timeout=LIMIT, check=True)
            (file,) = glob.glob(folder + "/*.locks")
            report = subprocess.run([ASHLAR, "profile", "--locks-json", "-", file], check=True, capture_output=True,
                                    text=True, timeout=LIMIT).stdout
            with open(ledger, encoding="ascii") as file:
                bins = json.load(file)["locks"]["bins"]
        print(f"the heap's locks, contended bins: {bins}")
        self.assertGreater(bins["contended"], 0)
        self.assertLess(bins["contended"], bins["acquisitions"])
        self.assertGreater(bins["wait_max_ns"], 0)
        self.assertLessEqual(bins["wait_max_ns"], bins["wait_ns"])
        (process,) = json.loads(report)["processes"]
        self.assertEqual([lock["name"] for lock in process["locks"] if "ashlar" in lock["name"]], [])

    def test_the_heaps_locks_are_not_the_programs(self):
        """Under memory pressure, and with small blocks in many threads. The heap's own locks appear only in its
        ledger."""
        cases = {"growth": ("--type", "memory_pressure", "--threads", "4", "--operations", "20", "--allocate-mib-per-op", "5"),
                 "bins": HIGH}
        for kind, arguments in cases.items():
            with self.subTest(kind), tempfile.TemporaryDirectory() as folder:
                ledger = folder + "/ledger.json"
                own, profile = self.run_scenario(*arguments, preload=(LIBRARY,), ASHLAR_CONF=f"count:true,stats_at_exit:{ledger}")
                self.pairs(own, profile)
                for lock in profile["locks"]:
                    stacks = " ".join(frame for stack in lock["waiters"] + lock["holders"] for frame in stack["frames"])
                    self.assertNotIn("libashlar", lock["name"] + stacks)
                with open(ledger, encoding="ascii") as file:
                    counted = json.load(file)["locks"]
                print(f"the heap's locks, {kind}: {counted[kind]}")
                self.assertGreater(counted[kind]["acquisitions"], 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
