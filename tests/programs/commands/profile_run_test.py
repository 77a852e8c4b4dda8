# SPDX-License-Identifier: MIT
"""Tests ashlar profile and ashlar budget on running programs. Planted places must be found first, and children
profiled. Recordings must survive if the program is killed, interrupted or out of time.

usage: profile_run_test.py ASHLAR LIBRARY PROGRAMS [unittest's arguments]

ASHLAR_PLANTED_RUNS sets how often each planted place is searched (3)."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ASHLAR, LIBRARY, PROGRAMS = map(os.path.abspath, sys.argv[1:4])
RUNS = int(os.environ.get("ASHLAR_PLANTED_RUNS", "3"))
PLANTED = os.path.join(PROGRAMS, "planted")
CLEAN = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASHLAR_CONF")}
LIMIT = 100


def ashlar(*arguments, status=0):
    done = subprocess.run([ASHLAR, *arguments], capture_output=True, text=True, timeout=LIMIT, env=CLEAN)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done


class Recorded(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def views(self, *arguments, status=0):
        """Returns the view of the process with the largest share of it."""
        ashlar("profile", "--library", LIBRARY, "--json", self.path("json"), *arguments, status=status)
        with open(self.path("json"), encoding="utf-8") as file:
            self.found = json.load(file)
        return self.found["processes"][0]["views"]

    def names(self, view):
        return [site["function"] for site in view["sites"]]


class Planted(Recorded):
    def first(self, view, what, rate):
        views = self.views("--rate", rate, "--cost", "0", "--" + view, "--", PLANTED, what)
        return self.names(views[view])[0]

    def test_the_planted_place_is_first_each_time(self):
        """Each place has twice as much as the next."""
        for view, what, rate in (("leaks", "leak", "16K"), ("temporary", "temporary", "16K"), ("waste", "waste", "512")):
            first = [self.first(view, what, rate) for _ in range(RUNS)]
            self.assertEqual(first, RUNS * [f"planted_{what}"])

    def test_samples_that_come_too_fast_are_fewer_and_stand_for_more(self):
        totals = {}
        for cost in ("0", "1"):
            views = self.views("--rate", "4K", "--cost", cost, "--allocated", "--", PLANTED, "temporary")
            totals[cost] = views["allocated"]["total"]
            process = self.found["processes"][0]
            self.assertEqual(process["rate"], 4096)
            if cost == "0":
                self.assertEqual(process["longest_distance"], 4096)
            else:
                self.assertGreater(process["longest_distance"], 2 * 4096)
        self.assertLess(2 * totals["1"]["samples"], totals["0"]["samples"])
        for total in totals.values():
            error = (total["bytes"]["high"] - total["bytes"]["value"]) / 1.96
            self.assertLess(abs(total["bytes"]["value"] - 60_000 * 4000), 5 * error + 500_000)

    def test_estimates_hold_the_truth_within_four_errors(self):
        total = self.views("--rate", "64K", "--leaks", "--", PLANTED, "leak")["leaks"]["total"]["bytes"]
        error = (total["high"] - total["value"]) / 1.96
        self.assertLess(abs(total["value"] - 3000 * 16_000), 4 * error + 100_000)

    def test_every_block_is_recorded_at_rate_1(self):
        views = self.views("--rate", "1", "--leaks", "--", PLANTED, "exact")
        total = views["leaks"]["total"]
        self.assertEqual((total["bytes"]["value"], total["blocks"]["value"]), (4000, 2))
        self.assertEqual((total["bytes"]["low"], total["bytes"]["high"]), (4000, 4000))
        for site in views["leaks"]["sites"]:
            self.assertTrue(site["file"].endswith("planted.cc"))
            self.assertIn("main", [frame["function"] for frame in site["stack"]])


class Endings(Recorded):
    def test_children_have_files_of_their_own(self):
        self.views("--rate", "16K", "--leaks", "--keep", self.path("kept"), "--", PLANTED, "forks")
        child, parent = sorted(self.found["processes"], key=lambda each: each["parent"] == 0)
        self.assertEqual(child["parent"], parent["pid"])
        self.assertIn("planted_leak", self.names(child["views"]["leaks"]))
        self.assertNotIn("planted_leak", self.names(parent["views"]["leaks"]))
        kept = sorted(os.listdir(self.path("kept")))
        self.assertEqual(kept, sorted(f"ashlar.{each['pid']}.profile" for each in (child, parent)))
        text = ashlar("profile", "--leaks", os.path.join(self.path("kept"), kept[0])).stdout
        self.assertIn("smaller_leak", text)

    def test_killed(self):
        views = self.views("--rate", "16K", "--leaks", "--", PLANTED, "killed", status=128 + signal.SIGKILL)
        self.assertEqual(self.names(views["leaks"])[0], "planted_leak")
        self.assertIn("killed by SIGKILL", self.found["processes"][0]["cut_short"][0])

    def test_ended_without_handlers(self):
        self.views("--rate", "16K", "--", PLANTED, "leaves")
        self.assertIn("ended without its exit handlers", self.found["processes"][0]["cut_short"][0])

    def test_exec_ends_what_was_recorded_before(self):
        """The first program's memory is gone at exec: it is no leak, and is not added to the next program's memory."""
        text = ashlar("profile", "--library", LIBRARY, "--rate", "1", "--keep", self.path("kept"), "--json", self.path("json"),
                      "--", PLANTED, "executes").stdout
        with open(self.path("json"), encoding="utf-8") as file:
            before, after = sorted(json.load(file)["processes"], key=lambda each: each["started"])
        self.assertEqual(before["pid"], after["pid"])
        self.assertEqual((before["replaced_by_exec"], after["replaced_by_exec"]), (True, False))
        self.assertIn("exec", before["cut_short"][0])
        self.assertEqual(before["views"]["leaks"]["total"]["samples"], 0)
        self.assertLess(float(re.search(r"held ([0-9.]+) MiB at most", text).group(1)), 50)
        files = [os.path.join(self.path("kept"), name) for name in os.listdir(self.path("kept"))]
        again = ashlar("profile", *files).stdout
        self.assertLess(float(re.search(r"held ([0-9.]+) MiB at most", again).group(1)), 50)

    def test_killed_long_after_its_last_record(self):
        self.views("--rate", "1", "--", "sh", "-c", "sleep 1; kill -KILL $$", status=128 + signal.SIGKILL)
        shell = next(each for each in self.found["processes"] if each["cut_short"])
        self.assertGreaterEqual(shell["seconds"], 0.99)

    def test_how_the_caches_did(self):
        views = self.views("--rate", "4K", "--allocated", "--", PLANTED, "temporary")
        cache = self.found["processes"][0]["cache"]
        self.assertGreater(cache["refills"], 0)
        self.assertLessEqual(cache["requests"]["value"], views["allocated"]["total"]["blocks"]["value"])
        self.assertGreater(cache["hit_rate"]["high"], 0.5)
        self.assertEqual(cache["fallback_calls"], 0)

    def test_out_of_time(self):
        done = ashlar("profile", "--library", LIBRARY, "--rate", "16K", "--leaks", "--timeout", "2", "--", PLANTED, "hangs",
                      status=124)
        self.assertIn("planted_leak", done.stdout)
        self.assertIn("was not over after 2 seconds", done.stderr)
        stacks = done.stderr.split("where its threads were: ")[1].split("\n")[0]
        self.addCleanup(os.unlink, stacks)
        with open(stacks, encoding="utf-8") as file:
            self.assertIn("Process ", file.read())

    def test_interrupted(self):
        with subprocess.Popen([ASHLAR, "profile", "--library", LIBRARY, "--rate", "16K", "--leaks", "--", PLANTED, "hangs"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=CLEAN) as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)
        self.assertIn("planted_leak", out)

    def test_the_command_is_as_it_would_be_without(self):
        done = ashlar("profile", "--library", LIBRARY, "--", "sh", "-c", "echo [a,b]; echo word >&2; exit 7", status=7)
        self.assertTrue(done.stdout.startswith("[a,b]\n"))
        self.assertIn("word\n", done.stderr)
        self.assertIn("no-such", ashlar("profile", "--library", LIBRARY, "--", "no-such-command", status=127).stderr)


class Files(Recorded):
    def setUp(self):
        super().setUp()
        ashlar("profile", "--library", LIBRARY, "--keep", self.path("kept"), "--", PLANTED, "leak")
        self.profile = os.path.join(self.path("kept"), os.listdir(self.path("kept"))[0])

    def test_no_file_is_written_over_another(self):
        with open(self.profile, "rb") as file:
            before = file.read()
        os.link(self.profile, self.path("link"))
        for same in (self.profile, self.path("link")):
            self.assertIn("--json", ashlar("profile", "--json", same, self.profile, status=2).stderr)
        new = self.path("new")
        for other in (new, os.path.join(self.path("kept"), "..", "new")):
            done = ashlar("profile", "--json", new, "--html", other, self.profile, status=2)
            self.assertIn("--json and --html", done.stderr)
        with open(self.profile, "rb") as file:
            self.assertEqual(file.read(), before)
        self.assertFalse(os.path.exists(new))
        ashlar("profile", "--json", "/dev/null", "--html", "/dev/null", self.profile)

    def test_a_pipe_is_no_recording(self):
        os.mkfifo(self.path("pipe"))
        self.assertIn("no file that can be read as a profile", ashlar("profile", self.path("pipe"), status=1).stderr)

    def test_options_that_would_do_nothing_are_refused(self):
        self.assertIn("--no-memory", ashlar("profile", "--no-memory", "--leaks", self.profile, status=2).stderr)
        self.assertIn("--no-memory", ashlar("profile", "--no-memory", "--leaks", "--", "true", status=2).stderr)
        self.assertIn("--rate", ashlar("profile", "--rate", "1", self.profile, status=2).stderr)


class Budget(Recorded):
    def budget(self, *arguments, status=0):
        return ashlar("budget", "--library", LIBRARY, *arguments, status=status)

    def test_kept_and_outgrown(self):
        self.assertIn("kept its budget", self.budget("--max-peak", "64M", "--max-allocs", "100000", "--", PLANTED, "leak").stdout)
        done = self.budget("--max-peak", "10M", "--max-leaks", "5", "--json", self.path("json"), "--junit", self.path("xml"),
                           "--", PLANTED, "leak", status=1)
        self.assertRegex(done.stdout, r"leaks: never freed\n    2000 blocks, 30\.5 MiB: planted_leak at planted\.cc:\d+")
        with open(self.path("json"), encoding="utf-8") as file:
            items = json.load(file)["processes"][0]["items"]
        self.assertEqual([item["kept"] for item in items], [False, False])
        self.assertEqual(items[1]["sites"][0]["function"], "planted_leak")
        suite = xml.etree.ElementTree.parse(self.path("xml")).getroot()
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("2", "2"))

    def test_suppressed_leaks_do_not_count(self):
        with open(self.path("known"), "w", encoding="utf-8") as file:
            file.write("leak:planted_leak\nleak:smaller_leak\n")
        self.budget("--max-leaks", "0", "--suppressions", self.path("known"), "--", PLANTED, "leak")

    def test_figures_that_are_not_exact_are_no_figures(self):
        done = self.budget("--max-peak", "64M", "--limit", "1M", "--", PLANTED, "temporary", status=125)
        self.assertIn("--limit", done.stderr)
        self.assertIn("not known", done.stdout)
        self.assertNotIn("kept its budget", done.stdout)

    def test_out_of_time(self):
        done = self.budget("--max-peak", "64M", "--timeout", "2", "--", PLANTED, "hangs", status=124)
        self.assertIn("not known", done.stdout)
        self.assertIn("ashlar budget: ", done.stderr)
        self.assertNotIn("ashlar profile: ", done.stderr)
        self.addCleanup(os.unlink, done.stderr.split("where its threads were: ")[1].split("\n")[0])

    def test_a_process_that_does_not_run_on_the_library_is_not_known(self):
        done = self.budget("--max-peak", "64M", "--json", self.path("json"), "--junit", self.path("xml"), "--",
                           "sh", "-c", "env -u LD_PRELOAD sleep 1; true", status=125)
        self.assertRegex(done.stdout, r"sleep \(\d+\): not recorded: it does not run on Ashlar")
        self.assertRegex(done.stderr, r"sleep \(\d+\): it does not run on Ashlar, so its figures are not known")
        with open(self.path("json"), encoding="utf-8") as file:
            self.assertEqual(len(json.load(file)["not_recorded"]), 1)
        self.assertEqual(xml.etree.ElementTree.parse(self.path("xml")).getroot().get("errors"), "1")

    def test_a_process_that_outlives_the_command_is_not_known(self):
        done = self.budget("--max-peak", "64M", "--", "sh", "-c", f"{PLANTED} hangs > {self.path('ready')} 2>&1 & echo $!", status=125)
        self.addCleanup(os.kill, int(done.stdout.split()[0]), signal.SIGKILL)
        self.assertIn("it still ran when the command was over", done.stderr)
        self.assertIn("planted (" + done.stdout.split()[0] + "): not known", done.stdout)

    def test_a_process_that_ends_because_the_command_did_is_known(self):
        os.mkfifo(self.path("end"))
        command = f"exec 3<>{self.path('end')}; (exec 3>&-; read word; true) < {self.path('end')} & exit 0"
        self.assertNotIn("not known", self.budget("--max-peak", "64M", "--", "sh", "-c", command).stdout)

    def test_what_was_live_before_exec_is_no_leak(self):
        self.budget("--max-peak", "64M", "--max-leaks", "3000", "--", PLANTED, "executes")

    def test_arguments_and_failures(self):
        self.assertIn("no limit", self.budget("--", "true", status=2).stderr)
        for wrong in (("--max-leaks", "-1"), ("--max-allocs", "-1"), ("--max-peak", "-1"), ("--max-peak", "1M", "--limit", "64K")):
            self.assertIn(wrong[-2], self.budget(*wrong, "--", "true", status=2).stderr)
        for wrong in (("--rate", "-5"), ("--rate", "0"), ("--limit", "64K")):
            self.assertIn(wrong[0], ashlar("profile", "--library", LIBRARY, *wrong, "--", "true", status=2).stderr)
        self.assertIn("--cost", ashlar("profile", "--library", LIBRARY, "--cost", "101", "--", "true", status=2).stderr)
        self.assertIn("profile_cost", ashlar("profile", "--pid", "1", "--cost", "5", status=2).stderr)
        self.budget("--max-peak", "64M", "--", "false", status=1)
        self.budget("--max-peak", "64M", "--", "sh", "-c", "exit 9", status=9)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[4:]])
