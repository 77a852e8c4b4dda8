# SPDX-License-Identifier: MIT
"""Short runs of one benchmark program, with contents checked: its output, its files, and refused arguments.

usage: programs_test.py NAME PROGRAM [RECORDER]

RECORDER is recording_malloc.so. It is preloaded under PROGRAM to record its calls."""
import csv
import math
import os
import re
import subprocess
import sys
import tempfile
import unittest

NAME, PROGRAM = sys.argv[1:3]
RECORDER = sys.argv[3] if len(sys.argv) > 3 else None

GOOD = {
    "larson": ["0.2", "8", "1000", "200", "10", "1", "2"],
    "random_mixed": ["20000", "16-1024", "1"],
    "fragmentation": ["1", "--scale", "4", "--drain", "0.2"],
    "long_run": ["0.5", "2", "1", "--slices", "5"],
    "replace_large": ["20", "1m-2500k", "1", "3"],
    "hand_over": ["50000", "16-2k", "1"],
    "successors": ["2", "1", "2"],
    "thread_waves": ["3", "1", "2"],
    "cross_frees": ["20000", "8-2k", "1", "2"],
    "drain": ["4", "1k", "--seconds", "0.2"],
    "producer_consumer": ["20000", "16-2k", "1", "2", "1"],
    "grow_vectors": ["20000", "64-8k", "1", "2", "50"],
    "mixed_lifetimes": ["20000", "1", "2", "--live", "1"],
    "batches": ["20000", "16-2k", "1", "fifo", "500", "2"],
    "short_threads": ["50", "16-2k", "1", "2", "200"],
    "strings_and_maps": ["10000", "1", "2", "100"],
    "latency": ["20000", "16-2k", "1", "2", "500"],
    "idle_threads": ["4", "--seconds", "0"],
    "large_batches": ["800", "1", "4", "2"],
    "page_map_scan": ["64"],
    "phases_of_sizes": ["20000", "1", "after"],
    "production_sizes": ["20000", "fleet", "1", "2", "1000"],
    "purge_pause": ["8", "80", "1"],
    "swapped_batches": ["20000", "16-256", "1", "70", "2"],
}
# Position of the seed among the arguments. These programs do a fixed amount of work, the same in every run.
SEED = {"replace_large": 2, "hand_over": 2, "successors": 1, "thread_waves": 1, "cross_frees": 2, "producer_consumer": 2, "grow_vectors": 2, "mixed_lifetimes": 1,
        "batches": 2, "short_threads": 2, "strings_and_maps": 1, "latency": 2, "large_batches": 1, "phases_of_sizes": 1, "production_sizes": 2, "purge_pause": 2,
        "swapped_batches": 2}
WITHOUT_SEED = ("drain", "idle_threads", "page_map_scan")  # a fixed amount of work too
# Calls that the operations of GOOD make, if the first argument is a number of calls. Also the permitted difference:
# calls that are not timed, or that complete a turn.
CALLS = {"cross_frees": 4, "producer_consumer": 256, "grow_vectors": 100, "mixed_lifetimes": 4, "batches": 2000, "latency": 1000,
         "large_batches": 16, "phases_of_sizes": 400, "production_sizes": 4, "swapped_batches": 400}
LAST_LINE = {
    "fragmentation": r"RSS / live = \d+\.\d{3} \(geometric mean of the phase ends\)",
    "drain": r"RSS = [1-9]\d* KiB after 0\.2 s",
    "idle_threads": r"RSS = \d+\.\d KiB per thread",
    "purge_pause": r"Worst call = \d+\.\d us of CPU time",
}
# Wrong arguments, and the argument that the message must name.
BAD = {
    "larson": [
        ([], "0 arguments"), (["0", "8", "1000", "200", "10", "1", "2"], "seconds"),
        ([*GOOD["larson"], "--node", "first"], "--node"), ([*GOOD["larson"], "--node"], "--node")],
    "random_mixed": [
        (["10", "0", "1"], "size"), (["10", "8-4", "1"], "size"), (["10", "1k-1023", "1"], "size"),
        (["10", "8x", "1"], "size"), (["10", "8-16-32", "1"], "size"), (["10", "k", "1"], "size"),
        (["10", "1025m", "1"], "size"), (["-1", "8", "1"], "operations")],
    "fragmentation": [
        ([], "0 arguments"), (["1", "2"], "2 arguments"), (["x"], "seed"), (["1", "--scale", "0"], "--scale"),
        (["1", "--scale", "4x"], "--scale"), (["1", "--drain", "-1"], "--drain"), (["1", "--drain", "nan"], "--drain"),
        (["1", "--csv"], "--csv"), (["1", "--unknown"], "--unknown")],
    "long_run": [
        (["1", "2"], "2 arguments"), (["0", "2", "1"], "seconds"), (["1", "0", "1"], "threads"),
        (["1", "2", "-1"], "seed"), (["1", "2", "1", "--slices", "2"], "--slices"),
        (["1", "2", "1", "--slices"], "--slices")],
    "replace_large": [
        (["1", "5m"], "2 arguments"), (["0", "5m", "1"], "steps"), (["1", "25m-5m", "1"], "size"),
        (["1", "5m", "x"], "seed"), (["1", "5m", "1", "0"], "slots")],
    "hand_over": [
        (["1", "16"], "2 arguments"), (["0", "16", "1"], "operations"), (["1", "16-", "1"], "size"),
        (["1", "16", "-1"], "seed"), (["1", "16", "1", "0"], "pairs"), (["1", "16", "1", "1", "1"], "5 arguments")],
    "successors": [
        (["1", "1"], "2 arguments"), (["0", "1", "1"], "rounds"), (["1", "x", "1"], "seed"), (["1", "1", "0"], "threads")],
    "thread_waves": [
        (["1", "1"], "2 arguments"), (["0", "1", "1"], "waves"), (["1", "x", "1"], "seed"), (["1", "1", "0"], "threads")],
    "cross_frees": [
        (["1", "8", "1"], "3 arguments"), (["0", "8", "1", "1"], "operations"), (["1", "8-", "1", "1"], "size"),
        (["1", "8", "x", "1"], "seed"), (["1", "8", "1", "0"], "threads")],
    "drain": [
        (["1"], "1 arguments"), (["0", "1k"], "MiB"), (["1", "1-2"], "size"), (["1", "1", "--seconds", "-1"], "--seconds"),
        (["1", "1", "--seconds"], "--seconds")],
    "producer_consumer": [
        (["1", "16"], "2 arguments"), (["0", "16", "1"], "operations"), (["1", "0", "1"], "size"), (["1", "16", "x"], "seed"),
        (["1", "16", "1", "0"], "producers"), (["1", "16", "1", "1", "0"], "consumers")],
    "grow_vectors": [
        (["1", "64"], "2 arguments"), (["0", "64", "1"], "operations"), (["1", "2k-1k", "1"], "size"), (["1", "64", "-1"], "seed"),
        (["1", "64", "1", "0"], "threads"), (["1", "64", "1", "1", "0"], "vectors")],
    "mixed_lifetimes": [
        (["1"], "1 arguments"), (["0", "1"], "operations"), (["1", "x"], "seed"), (["1", "1", "0"], "threads"),
        (["1", "1", "--live", "0"], "--live"), (["1", "1", "--live"], "--live")],
    "batches": [
        (["1", "16", "1"], "3 arguments"), (["0", "16", "1", "fifo"], "operations"), (["1", "x", "1", "fifo"], "size"),
        (["1", "16", "x", "fifo"], "seed"), (["1", "16", "1", "first"], "order"), (["1", "16", "1", "fifo", "0"], "blocks"),
        (["1", "16", "1", "fifo", "1", "0"], "threads")],
    "short_threads": [
        (["1", "16"], "2 arguments"), (["0", "16", "1"], "threads"), (["1", "0", "1"], "size"), (["1", "16", "x"], "seed"),
        (["1", "16", "1", "0"], "lines"), (["1", "16", "1", "1", "0"], "blocks")],
    "strings_and_maps": [
        (["1"], "1 arguments"), (["0", "1"], "operations"), (["1", "x"], "seed"), (["1", "1", "0"], "threads"),
        (["1", "1", "1", "0"], "lines")],
    "latency": [
        (["1", "16"], "2 arguments"), (["0", "16", "1"], "operations"), (["1", "16-8", "1"], "size"), (["1", "16", "x"], "seed"),
        (["1", "16", "1", "0"], "threads"), (["1", "16", "1", "1", "0"], "slots")],
    "idle_threads": [
        ([], "0 arguments"), (["0"], "threads"), (["1", "--seconds", "-1"], "--seconds"), (["1", "--limit", "1"], "--limit"),
        (["1", "--limit"], "--limit")],
    "large_batches": [
        (["1", "1", "4"], "3 arguments"), (["0", "1", "4", "1"], "operations"), (["1", "x", "4", "1"], "seed"),
        (["1", "1", "0", "1"], "blocks"), (["1", "1", "4", "0"], "threads")],
    "page_map_scan": [([], "0 arguments"), (["0"], "MiB"), (["1", "1"], "2 arguments")],
    "phases_of_sizes": [
        (["1", "1"], "2 arguments"), (["0", "1", "after"], "operations"), (["1", "x", "after"], "seed"),
        (["1", "1", "before"], "order")],
    "production_sizes": [
        (["1", "fleet"], "2 arguments"), (["0", "fleet", "1"], "operations"), (["1", "ships", "1"], "profile"),
        (["1", "cache", "x"], "seed"), (["1", "cache", "1", "0"], "threads"), (["1", "cache", "1", "1", "0"], "slots")],
    "purge_pause": [
        (["1", "1"], "2 arguments"), (["0", "1", "1"], "MiB"), (["1", "0", "1"], "turns"), (["1", "1", "x"], "seed")],
    "swapped_batches": [
        (["1", "16", "1", "1"], "4 arguments"), (["0", "16", "1", "1", "1"], "operations"), (["1", "16-", "1", "1", "1"], "size"),
        (["1", "16", "x", "1", "1"], "seed"), (["1", "16", "1", "0", "1"], "blocks"), (["1", "16", "1", "1", "0"], "threads")],
}


def run(*arguments, **environment):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})


def run_well(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, f"{arguments}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout.splitlines()


def with_csv(*arguments):
    """Returns (lines of output, header, rows)."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "run.csv")
        lines = run_well(*arguments, "--csv", path)
        with open(path, encoding="ascii", newline="") as file:
            header, *rows = csv.reader(file)
        return lines, header, rows


class AnyProgram(unittest.TestCase):
    def test_last_line(self):
        expected = LAST_LINE.get(NAME, r"Throughput = [1-9]\d* operations per second")
        for verify in ([], ["--verify"]):
            self.assertRegex(run_well(*GOOD[NAME], *verify)[-1], f"^{expected}$")

    def test_wrong_arguments(self):
        for arguments, named in BAD[NAME]:
            done = run(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(named, done.stderr.splitlines()[0])
            self.assertIn("usage: ", done.stderr)
            self.assertEqual(done.stdout, "")

    def test_help(self):
        self.assertIn(f"usage: {NAME} ", run_well("--help")[0])


@unittest.skipUnless(NAME in ("larson", "long_run"), "of other programs")
class Placement(unittest.TestCase):
    def processors_once_pinned(self, *arguments):
        """Returns the processors that each thread except the main thread may use, as /proc lists them, while PROGRAM
        runs. Returns as soon as two threads are limited to one processor each, otherwise the last lists. (A thread
        may not be that far yet.)"""
        process = subprocess.Popen([PROGRAM, "2", *GOOD[NAME][1:], *arguments], stdout=subprocess.DEVNULL)
        try:
            lists = []
            while (len(lists) < 2 or max(map(len, lists)) > 1) and process.poll() is None:
                seen = []
                for thread in os.listdir(f"/proc/{process.pid}/task"):
                    if int(thread) == process.pid:
                        continue
                    try:
                        seen.append(os.sched_getaffinity(int(thread)))
                    except ProcessLookupError:
                        pass  # larson's threads end all the time
                lists = seen or lists
            return lists
        finally:
            self.assertEqual(process.wait(), 0)

    def test_pin(self):
        lists = self.processors_once_pinned("--pin")
        self.assertGreaterEqual(len(lists), 2)
        self.assertEqual({len(processors) for processors in lists}, {1})

    def test_node(self):
        with open("/sys/devices/system/node/online", encoding="ascii") as file:
            first = int(re.match(r"\d+", file.read()).group())
        arguments = [*GOOD[NAME], "--node", str(first), "--pin"]
        self.assertRegex(run_well(*arguments)[-1], "^Throughput")
        done = run(*GOOD[NAME], "--node", "1023")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot run on node 1023", done.stderr)


@unittest.skipUnless(RECORDER and (NAME in SEED or NAME in WITHOUT_SEED), "bounded by time, or nothing records")
class Calls(unittest.TestCase):
    """Tests the program's requests to the allocator."""

    def record(self, *arguments):
        """Returns (mallocs, reallocs, frees, sum of the sizes)."""
        done = run(*arguments, LD_PRELOAD=RECORDER)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = re.search(r"^(\d+) mallocs (\d+) reallocs (\d+) frees ([0-9a-f]+)$", done.stderr, re.MULTILINE)
        return tuple(map(int, found.groups()[:3])) + (found.group(4),)

    def with_argument(self, index, value):
        return [*GOOD[NAME][:index], value, *GOOD[NAME][index + 1:]]

    def test_depend_on_the_arguments_only(self):
        expected = self.record(*GOOD[NAME])
        for again in ([], ["--verify"], ["--verify"]):
            self.assertEqual(self.record(*GOOD[NAME], *again), expected)
        if NAME in WITHOUT_SEED or NAME == "phases_of_sizes":
            return  # its sizes do not depend on a seed
        self.assertNotEqual(self.record(*self.with_argument(SEED[NAME], "2")), expected)

    def test_are_as_many_as_the_arguments_say(self):
        less, (mallocs, reallocs, frees) = [
            self.record(*arguments)[:3] for arguments in (self.with_argument(0, "1"), GOOD[NAME])]
        more = mallocs - less[0]  # minus the workload's start and the libraries
        if NAME == "hand_over":
            made = more + reallocs - less[1] + frees - less[2]
            self.assertTrue(50000 - 14 <= made <= 50000, made)  # a realloc by each thread takes 14
            self.assertEqual(3 * (reallocs - less[1]), more)
        elif NAME in CALLS:
            made = more + reallocs - less[1] + frees - less[2]
            self.assertAlmostEqual(made, int(GOOD[NAME][0]), delta=CALLS[NAME])
        elif NAME == "short_threads":
            self.assertEqual(more, (50 - 2) * 200)
        elif NAME == "strings_and_maps":
            self.assertGreater(more, 10000)  # the C++ library decides how many
        else:
            self.assertEqual(more, {"replace_large": 19, "successors": 2 * 32768, "thread_waves": 2 * 22500, "drain": 3 * 1024,
                                    "idle_threads": 3 * 72, "page_map_scan": 63 * 16, "purge_pause": 7}[NAME])
            self.assertEqual(reallocs, 0)
        self.assertLessEqual(abs(mallocs - frees), 8)

    def test_verify_finds_a_faulty_allocator(self):
        if NAME == "strings_and_maps":
            self.skipTest("the C++ library does not survive it")
        if NAME in ("idle_threads", "page_map_scan"):
            self.skipTest("the fault comes after the calls that are checked, or in blocks that are not written to")
        for fault in ["malloc", "realloc"] if NAME in ("hand_over", "grow_vectors") else ["malloc"]:
            arguments = self.with_argument(0, "200") if NAME == "replace_large" else GOOD[NAME]
            done = run(*arguments, "--verify", LD_PRELOAD=RECORDER, FAULT=fault)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, r"^contents changed: block 0x[0-9a-f]+ of \d+ bytes")


@unittest.skipUnless(NAME == "drain", "of another program")
class Drain(unittest.TestCase):
    def test_looks(self):
        for seconds, looks in (("0", 1), ("0.05", 1), ("0.2", 2), ("1.1", 3)):
            header, held, *idle, last = run_well("4", "1k", "--seconds", seconds)
            self.assertEqual(header.split(), ["seconds", "RSS", "KiB"])
            self.assertEqual(held.split()[0], "held")
            self.assertGreater(int(held.split()[1]), 4 * 1024)
            self.assertEqual(len(idle), looks)
            for line, planned in zip(idle, [0.1, 1, 1.1] if looks == 3 else [0.1, 0.2] if looks == 2 else [float(seconds)]):
                self.assertGreaterEqual(float(line.split()[0]), planned - 0.005)  # as printed
            self.assertEqual(last, f"RSS = {idle[-1].split()[1]} KiB after {seconds} s")


@unittest.skipUnless(NAME == "latency", "of another program")
class Latency(unittest.TestCase):
    def test_percentiles(self):
        clock, *lines, _ = run_well(*GOOD[NAME])
        nanoseconds_per_tick = float(re.fullmatch(r"clock = [a-z_ -]+, ([\d.]+) ns per tick", clock).group(1))
        self.assertGreater(nanoseconds_per_tick, 0.05)  # 20 GHz
        self.assertLess(nanoseconds_per_tick, 1.5)
        found = {}
        for line in lines:
            call, percentile, value = re.fullmatch(r"(\w+) (\S+) = ([\d.]+) ns", line).groups()
            found.setdefault(call, {})[percentile] = float(value)
        self.assertEqual(list(found), ["clock", "malloc", "free"])
        for values in found.values():
            self.assertEqual(list(values), ["p50", "p90", "p99", "p99.9", "p99.99", "max"])
            self.assertEqual(list(values.values()), sorted(values.values()))
            self.assertGreater(values["p50"], 0)
            self.assertLess(values["max"], 60e9)


@unittest.skipUnless(NAME == "idle_threads", "of another program")
class IdleThreads(unittest.TestCase):
    def test_looks(self):
        # A sanitizer's shadow counts as data, so no limit there.
        limited = [] if {"ASAN_OPTIONS", "TSAN_OPTIONS"} & set(os.environ) else ["--limit", "400"]
        lines = run_well("4", "--seconds", "0", *limited)
        looks = [re.fullmatch(r"(.+) = (\d+\.\d) KiB per thread", line).groups() for line in [*lines[:3], lines[-1]]]
        self.assertEqual([when for when, _ in looks], ["at once", "after idleness", "after malloc_trim", "RSS"])
        self.assertEqual(looks[-1][1], looks[0][1])
        self.assertGreater(float(looks[0][1]), 1)  # each thread that has allocated keeps a page at least
        if limited:
            self.assertLess(int(re.fullmatch(r"largest block = (\d+) MiB", lines[3]).group(1)), 400)


@unittest.skipUnless(NAME == "page_map_scan", "of another program")
class PageMapScan(unittest.TestCase):
    def test_time_of_a_call(self):
        self.assertGreater(float(re.fullmatch(r"malloc = (\d+\.\d) ns of CPU time", run_well("16")[0]).group(1)), 0)


@unittest.skipUnless(NAME == "phases_of_sizes", "of another program")
class PhasesOfSizes(unittest.TestCase):
    def test_both_orders(self):
        for order in ("fresh", "after"):
            line = run_well("20000", "1", order)[0]
            self.assertGreater(float(re.fullmatch(r"pair = (\d+\.\d\d) ns of CPU time", line).group(1)), 0)

    @unittest.skipUnless(RECORDER, "nothing records")
    def test_other_sizes_come_before_only_if_asked_for(self):
        mallocs = [int(re.search(r"^(\d+) mallocs", run("400", "1", order, LD_PRELOAD=RECORDER).stderr, re.MULTILINE).group(1))
                   for order in ("fresh", "after")]
        self.assertEqual(mallocs[1] - mallocs[0], 29 * (300 + 400 * 60))


@unittest.skipUnless(RECORDER and NAME == "production_sizes", "of another program, or nothing records")
class ProductionSizes(unittest.TestCase):
    def test_profiles_differ(self):
        fleet, cache = (re.search(r"frees (\w+)$", run("2000", profile, "1", LD_PRELOAD=RECORDER).stderr, re.MULTILINE).group(1)
                        for profile in ("fleet", "cache"))
        self.assertNotEqual(fleet, cache)


@unittest.skipUnless(NAME == "purge_pause", "of another program")
class PurgePause(unittest.TestCase):
    def test_percentiles(self):
        *lines, last = run_well(*GOOD[NAME])
        found = dict(re.fullmatch(r"call (\S+) = ([\d.]+) ns", line).groups() for line in lines)
        self.assertEqual(list(found), ["p50", "p90", "p99", "p99.9", "p99.99", "max"])
        values = list(map(float, found.values()))
        self.assertEqual(values, sorted(values))
        self.assertAlmostEqual(float(re.search(r"= ([\d.]+)", last).group(1)), values[-1] / 1000, delta=0.1)


@unittest.skipUnless(NAME == "fragmentation", "of another program")
class Fragmentation(unittest.TestCase):
    def ends(self, lines):
        """Returns {phase: [(seconds, live MiB, RSS MiB, ratio or None)]}."""
        found = {}
        for line in lines[1:-1]:
            phase, *numbers = line.split()
            found.setdefault(phase, []).append(tuple(map(float, numbers)))
        return found

    def test_phases(self):
        lines, header, rows = with_csv(*GOOD[NAME], "--verify")
        ends = self.ends(lines)
        self.assertEqual(list(ends), ["grow", "sawtooth", "cache", "long-lived", "drain"])
        self.assertEqual(len(ends["drain"]), 2)
        for (seconds, *_), planned in zip(ends["drain"], [0.1, 0.2]):
            self.assertGreaterEqual(seconds, planned)  # time of the sample: a busy machine is late
        ratios = [ends[phase][0][3] for phase in list(ends)[:-1]]
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        self.assertAlmostEqual(float(re.search(r"= ([\d.]+)", lines[-1]).group(1)), mean, delta=0.01)

        self.assertEqual(header, ["phase", "seconds", "live_bytes", "rss_bytes", "ratio"])
        self.assertEqual(list(dict.fromkeys(row[0] for row in rows)), list(ends))
        times = [float(row[1]) for row in rows]
        self.assertEqual(times, sorted(times))
        for _, _, live, rss, ratio in rows:
            expected = int(rss) / int(live) if int(live) else math.inf
            self.assertAlmostEqual(float(ratio), expected, delta=0.001)
            self.assertLess(int(live), 4.1 * 2**20)

    def test_operations_depend_on_the_seed_only(self):
        def live(*arguments):
            _, _, rows = with_csv(*arguments, "--scale", "2", "--drain", "0")
            return {row[0]: row[2] for row in rows}  # the last row of each phase, exact to the byte
        first = live("1")
        self.assertEqual(first, live("1", "--verify"))
        self.assertNotEqual(first, live("2"))

    def test_a_file_that_cannot_be_written(self):
        done = run("1", "--csv", "/no/such/folder/run.csv")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/no/such/folder/run.csv: No such file", done.stderr)


@unittest.skipUnless(NAME == "larson", "of another program")
class Larson(unittest.TestCase):
    def test_a_run_that_is_over_before_its_threads_began_has_a_throughput(self):
        for _ in range(20):
            done = run("0.0000001", *GOOD[NAME][1:])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertGreater(float(re.search(r"^Throughput = (\S+) op", done.stdout, re.M).group(1)), 0)


@unittest.skipUnless(NAME == "long_run", "of another program")
class LongRun(unittest.TestCase):
    def test_slices(self):
        lines, header, rows = with_csv(*GOOD[NAME], "--verify")
        self.assertRegex(lines[-3], r"^Throughput drift = -?\d+\.\d\d %$")
        self.assertRegex(lines[-2], r"^RSS drift = -?\d+\.\d\d %$")
        self.assertEqual(header, ["slice", "seconds", "operations_per_second", "operations_per_cpu_second", "live_bytes",
                                  "rss_bytes"])
        self.assertEqual([row[0] for row in rows], list("12345"))
        for number, (_, seconds, rate, cpu_rate, live, rss) in enumerate(rows, 1):
            self.assertGreaterEqual(float(seconds), 0.1 * number - 0.001)  # printed with three decimals
            self.assertGreater(float(rate), 0)
            self.assertGreater(float(cpu_rate), 0)
            self.assertAlmostEqual(int(live) / 2**20, 81, delta=5)
            self.assertGreater(int(rss), int(live))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
