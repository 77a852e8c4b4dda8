# SPDX-License-Identifier: MIT
"""Tests ashlar profile --cpu on programs that measure their own CPU time. Functions must be found in proportion, the
allocator told apart, and programs must run as without it.

usage: cpu_test.py ASHLAR LIBRARY PROGRAMS"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

ASHLAR, LIBRARY, PROGRAMS = map(os.path.abspath, sys.argv[1:4])
PROGRAM = os.path.join(PROGRAMS, "cpu")
CLEAN = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASHLAR_CONF")}
LIMIT = 100


def ashlar(*arguments, status=0, **options):
    done = subprocess.run([ASHLAR, *arguments], capture_output=True, text=True, timeout=LIMIT, env=CLEAN, check=False,
                          **options)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def profile(self, *arguments, options=(), status=0):
        """Returns the recording of each process; the process with the most CPU time is first."""
        self.done = ashlar("profile", "--cpu", "--library", LIBRARY, "--json", self.path("json"), *options, "--", PROGRAM,
                           *arguments, status=status)
        with open(self.path("json"), encoding="utf-8") as file:
            return json.load(file)["processes"]

    def cpu(self, *arguments, options=()):
        return self.profile(*arguments, options=options)[0]["cpu"]

    def words(self):
        """Returns the program's own output, which precedes the report."""
        return self.done.stdout.split("\n", 1)[0].split()


def times(sites):
    """Returns microseconds by function."""
    found = {}
    for site in sites:
        name = re.sub(r"\(.*", "", site["function"])
        found[name] = found.get(name, 0) + site["microseconds"]["value"]
    return found


class Truth(Case):
    def test_functions_are_found_in_proportion(self):
        for rate in ("97", "199"):
            cpu = self.cpu("ratio", options=("--cpu-rate", rate))
            found = times(cpu["functions"])
            # Turns of 30 and 10 ms. A late sample stands for several periods.
            self.assertAlmostEqual(found["burn_three"] + found["burn_one"], 1_200_000, delta=200_000)
            self.assertGreater(found["burn_three"], 1.5 * found["burn_one"])
            self.assertGreater(found["burn_one"], 120_000)
            self.assertGreater(cpu["sampled"], 0.85 * cpu["used"])
            self.assertEqual(cpu["functions"][0]["function"].split("(")[0], "burn_three")

    def test_it_is_the_clock_of_the_processor_and_not_of_the_wall(self):
        used = self.cpu("sleeps")["used"] / 1e6
        itself = float(self.done.stdout.split("\n")[1])
        self.assertAlmostEqual(used, itself, delta=0.05 + 0.1 * itself)

    def test_the_allocator_is_told_apart(self):
        process = self.profile("allocates", options=("--rate", "64K"))[0]
        cpu, allocator = process["cpu"], process["cpu"]["allocator"]
        share = allocator["total"]["share"]
        self.assertGreater(share, 0.2)
        self.assertLess(share, 0.75, "the rest is a loop, and a quarter is no allocation at all")
        operations = [each["function"] for each in allocator["operations"]]
        self.assertIn("malloc", operations)
        self.assertIn("free", operations)
        found = times(allocator["sites"])
        self.assertGreater(found["allocates_much"], 3 * found.get("allocates_little", 0))
        self.assertGreater(found["releases"], 0)
        # Some 10 million calls of 64 bytes: each takes nanoseconds, less than a microsecond.
        much = next(site for site in allocator["sites"] if site["function"].startswith("allocates_much"))
        self.assertGreater(much["calls"]["value"], 1_000_000)
        self.assertGreater(much["microseconds_per_call"], 0.001)
        self.assertLess(much["microseconds_per_call"], 1)
        self.assertAlmostEqual(times(cpu["functions"])["burn_one"], 300_000, delta=200_000)
        self.assertIn("the CPU time is the allocator's", " ".join(process["advice"]))

    def test_a_call_has_no_time_where_releases_share_it(self):
        """Calls that release are not counted."""
        sites = self.profile("both", options=("--rate", "64K"))[0]["cpu"]["allocator"]["sites"]
        both = next(site for site in sites if site["function"].startswith("allocates_and_releases"))
        self.assertGreater(both["calls"]["value"], 1_000_000)
        self.assertIsNone(both["microseconds_per_call"])

    def test_threads_are_all_seen(self):
        cpu = self.cpu("threads")
        found = times(cpu["functions"])
        self.assertGreater(cpu["sampled"], 0.4 * cpu["used"])
        self.assertLess(cpu["sampled"], 1.1 * cpu["used"])
        self.assertGreater(found["burn_three"], 1.5 * found["burn_one"])

    def test_threads_that_end_soon_are_seen_or_said_to_be_missing(self):
        process = self.profile("short")[0]
        cpu = process["cpu"]
        self.assertGreater(cpu["sampled"], 0)
        self.assertLess(cpu["sampled"], 1.1 * cpu["used"])
        if cpu["sampled"] < 0.9 * cpu["used"]:
            self.assertIn("threads that ended within some milliseconds", " ".join(process["cautions"]))


class Undisturbed(Case):
    def test_a_profiler_of_its_own_goes_on(self):
        cpu = self.cpu("profiles")
        # SIGPROF for each 10 ms of 0.8 s. The kernel merges signals that a busy machine delays.
        self.assertGreater(int(self.words()[0]), 5)
        self.assertLess(int(self.words()[0]), 90)
        self.assertAlmostEqual(cpu["sampled"], 800_000, delta=150_000)

    def test_a_handler_of_the_signal_is_left_alone(self):
        process = self.profile("urgent")[0]
        own, before, after = map(int, self.words())
        self.assertEqual((own, after), (10, 0))
        self.assertLess(before, 30, "until the library notices, with the next 5 ms of CPU time")
        self.assertEqual(process["cpu"]["state"], "signal in use")
        self.assertIn("handles SIGURG itself", self.done.stdout)

    def test_a_handler_that_comes_later_has_the_signal_for_itself(self):
        process = self.profile("urgent-later")[0]
        own, before, after = map(int, self.words())
        self.assertEqual(own, 10)
        self.assertLess(before, 30, "until the library notices, with the next 5 ms of CPU time")
        self.assertEqual(after, 0)
        self.assertEqual(process["cpu"]["state"], "signal in use")
        self.assertGreater(process["cpu"]["sampled"], 200_000)

    def test_calls_that_wait_do_not_end_early(self):
        cpu = self.cpu("sleeps", options=("--cpu-rate", "1000"))
        self.assertEqual(self.words(), ["0"], "calls that ended with EINTR")
        self.assertGreater(cpu["sampled"], 100_000)

    def test_errno_and_deep_stacks(self):
        cpu = self.cpu("stacks", options=("--cpu-rate", "1000"))
        self.assertEqual(self.words(), ["0"], "times that errno was changed")
        deepest = max(len(site["stack"]) for site in cpu["functions"])
        self.assertGreaterEqual(deepest, 90)

    def test_forked_children_and_exec(self):
        child, parent = sorted(self.profile("forks"), key=lambda each: each["parent"] == 0)
        self.assertEqual(child["parent"], parent["pid"])
        # but earlier samples were recorded, and its last ticks
        of_child = times(child["cpu"]["functions"])["burn_three"]
        self.assertGreater(of_child, 400_000)
        self.assertLess(of_child, 640_000)
        self.assertNotIn("burn_three", times(parent["cpu"]["functions"]))
        after, before = self.profile("executes")
        self.assertEqual(after["pid"], before["pid"])
        # On a busy machine the kernel's time for exec reaches the samples late.
        self.assertAlmostEqual(times(after["cpu"]["functions"])["burn_three"], 800_000, delta=250_000)
        self.assertAlmostEqual(times(before["cpu"]["functions"])["burn_one"], 100_000, delta=90_000)

    def test_a_child_that_only_calls_exec_leaves_no_file(self):
        folder = self.path("kept")
        ashlar("profile", "--cpu", "--library", LIBRARY, "--keep", folder, "--", "sh", "-c", "/bin/true; /bin/true; exit 0")
        self.assertEqual(len(glob.glob(os.path.join(folder, "*.profile"))), 3)


class Views(Case):
    def test_the_default_tells_the_allocators_part(self):
        text = ashlar("profile", "--library", LIBRARY, "--", PROGRAM, "allocates").stdout
        self.assertIn("Where it was live at the peak", text)
        self.assertRegex(text, r"Allocator: [0-9.]+ % of that, [0-9 ]+ ± [0-9 ]+ µs: ")
        self.assertIn("Who called the allocator, by its CPU time", text)
        self.assertIn("Thread caches", text)
        self.assertNotIn("Hot functions", text)

    def test_text_and_files_of_cpu_time(self):
        names = ("folded", "pprof", "speedscope", "html")
        files = dict(zip(names, map(self.path, names)))
        self.cpu("ratio", options=("--flamegraph", files["folded"], "--pprof", files["pprof"], "--speedscope",
                                   files["speedscope"], "--html", files["html"]))
        self.assertIn("Hot functions", self.done.stdout)
        self.assertLess(self.done.stdout.index("Hot functions"), self.done.stdout.index("Peak "))
        with open(files["folded"], encoding="utf-8") as file:
            lines = [line.rsplit(" ", 1) for line in file.read().splitlines()]
        self.assertAlmostEqual(sum(int(value) for stack, value in lines if "burn_three" in stack), 900_000, delta=280_000)
        with open(files["speedscope"], encoding="utf-8") as file:
            speedscope = json.load(file)
        shown = speedscope["profiles"][speedscope["activeProfileIndex"]]
        self.assertEqual((shown["name"], shown["unit"]), ("cpu", "microseconds"))
        self.assertGreater(os.path.getsize(files["pprof"]), 100)
        with open(files["html"], encoding="utf-8") as file:
            self.assertIn('<option value="cpu" selected>', file.read())

    def test_switched_off(self):
        done = ashlar("profile", "--no-cpu", "--library", LIBRARY, "--keep", self.path("kept"), "--", PROGRAM, "ratio")
        self.assertNotIn("CPU", done.stdout)
        recorded = glob.glob(self.path("kept") + "/*.profile")[0]
        self.assertIn("no samples of the processor", ashlar("profile", "--cpu", recorded, status=1).stderr)
        alone = ashlar("profile", "--no-memory", "--no-cache", "--library", LIBRARY, "--", PROGRAM, "ratio").stdout
        self.assertIn("Hot functions", alone)
        self.assertNotIn("Peak", alone)
        self.assertNotIn("Thread caches", alone)

    def test_filters_and_differences(self):
        folder = self.path("kept")
        ashlar("profile", "--cpu", "--library", LIBRARY, "--keep", folder, "--", PROGRAM, "ratio")
        recorded = glob.glob(folder + "/*.profile")[0]
        focused = ashlar("profile", "--cpu", "--no-memory", "--focus", "burn_one", recorded).stdout
        self.assertIn("burn_one", focused)
        self.assertNotIn("burn_three", focused)
        ignored = ashlar("profile", "--cpu", "--no-memory", "--ignore", "burn_one", recorded).stdout
        self.assertNotIn("burn_one", ignored)
        self.assertIn("burn_three", ignored)
        same = ashlar("profile", "--cpu", "--diff", recorded, recorded).stdout
        self.assertIn("no place differs", same)
        named = ashlar("profile", "--cpu", "--thread", "cpu", recorded).stdout
        self.assertIn("burn_three", named)

    def test_arguments_that_contradict(self):
        for arguments in (("--cpu", "--no-cpu"), ("--cpu", "--leaks"), ("--no-cpu", "--no-memory", "--no-cache"),
                          ("--cpu", "--jeprof", self.path("x")), ("--cpu-rate", "0"), ("--cpu-rate", "1001")):
            ashlar("profile", *arguments, "--", "true", status=2)

    def test_with_the_setting_alone(self):
        environment = {**CLEAN, "LD_PRELOAD": LIBRARY,
                       "ASHLAR_CONF": f"profile:512k,profile_file:{self.folder},profile_cpu:99"}
        subprocess.run([PROGRAM, "ratio"], check=True, env=environment, capture_output=True, timeout=LIMIT)
        recorded = glob.glob(self.path("*.profile"))[0]
        found = json.loads(ashlar("profile", "--cpu", "--json", "-", recorded).stdout)["processes"][0]["cpu"]
        self.assertEqual(found["period"], 10101)
        self.assertAlmostEqual(times(found["functions"])["burn_three"], 900_000, delta=280_000)


class Attached(Case):
    def attach(self, *arguments):
        environment = {**CLEAN, "LD_PRELOAD": LIBRARY}
        with subprocess.Popen([PROGRAM, "allocates", "60"], env=environment, stdout=subprocess.DEVNULL) as process:
            try:
                done = ashlar("profile", "--pid", str(process.pid), "--seconds", "2", "--json", self.path("json"), *arguments)
                with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
                    self.threads = int(re.search(r"Threads:\s+(\d+)", file.read()).group(1))
            finally:
                process.kill()
        with open(self.path("json"), encoding="utf-8") as file:
            self.found = json.load(file)["processes"][0]
        return done

    def test_a_process_that_runs_is_sampled_when_that_is_asked_for(self):
        done = self.attach("--cpu")
        cpu = self.found["cpu"]
        self.assertGreater(cpu["sampled"], 10_000)
        self.assertLess(cpu["sampled"], 2_500_000, "what it used before does not count")
        self.assertIn("malloc", [each["function"] for each in cpu["allocator"]["operations"]])
        self.assertIn("Hot functions", done.stdout)

    def test_it_is_left_alone_otherwise(self):
        self.attach()
        self.assertNotIn("cpu", self.found)
        self.assertEqual(self.threads, 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
