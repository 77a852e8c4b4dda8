# SPDX-License-Identifier: MIT
"""Tests the page of a profile of locks in headless Chromium. The waits must be in the rows of their threads, and can
be chosen and zoomed. It has flame graphs of waits and holds, and samples of memory on the same axis. All text is in
its place and readable. Writes pictures.

usage: page_test.py ASHLAR PROGRAM PICTURES"""
import glob
import json
import os
import subprocess
import sys
import tempfile
import unittest

import browser
from browser import Browser, DARK, LIGHT

ASHLAR, PROGRAM, PICTURES = (os.path.abspath(path) for path in sys.argv[1:4])
SKIPPED = 77
HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = ("page_probe.js", os.path.join(HERE, "lock_probe.js"))


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = scratch.name
        cls.browser = Browser(cls.folder)
        os.makedirs(PICTURES, exist_ok=True)
        cls.both = os.path.join(cls.folder, "both.html")
        cls.profile("--locks", "--rate", "1", "--keep", cls.folder, "--html", cls.both, "--", PROGRAM, "hold")
        (cls.recorded,) = glob.glob(cls.folder + "/*.locks")
        cls.alone = os.path.join(cls.folder, "alone.html")
        cls.profile("--html", cls.alone, cls.recorded)
        with open(cls.alone, encoding="utf-8") as file:
            cls.has_flames = "The flame graph is missing" not in file.read()
        cls.found = cls.browser.probe(cls.alone, scripts=SCRIPTS)

    @staticmethod
    def profile(*arguments, status=0):
        done = subprocess.run([ASHLAR, "profile", *arguments], timeout=60, capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        return done

    def test_each_wait_is_a_bar_that_says_for_whom(self):
        found = self.found
        self.assertEqual((found["bars"], found["held"], found["all"]), (15, 15, 15))
        self.assertEqual(len([name for name in found["names"] if name.startswith("waiter (")]), 15)
        self.assertEqual(found["memory"], 0)
        words = r"^waiter \(\d+\) waited [\d.]+ ms for slow in .*, from [\d.]+ s on\. Held by locking \(\d+\), which acquired it in .*hold_long"
        self.assertRegex(found["chosen"], words)
        self.assertRegex(found["nearest"], words)
        self.assertEqual(found["arrows"], 1)

    def test_it_can_be_zoomed_and_moved(self):
        found = self.found
        self.assertLess(found["near"], 8)  # the wait and its neighbours
        self.assertGreater(found["zoomed"], 0)
        self.assertLess(found["zoomed"], 8)  # of 15, in an eighth of the time
        self.assertRegex(found["later"], r"^\d waits? from 0\.\d+ to 0\.\d+ s\.$")

    def test_tables(self):
        tables = {table["caption"]: table["rows"] for table in self.found["tables"]}
        (slow,) = [row for row in tables["Locks, by the time that threads waited for them"] if row[0] == "slow"]
        self.assertEqual(slow[1:4], ["mutex", "30", "15"])
        self.assertEqual(len(tables["Who waits for whom"]), 16)
        self.assertRegex(tables["Who waits for whom"][1][1], r"^locking \(\d+\)$")
        times = [float(row[2].split()[0]) for row in self.found["longest"]]
        self.assertEqual(times, sorted(times, reverse=True))
        self.assertEqual(len(times), 15)

    def test_flame_graphs_of_waits_and_holds(self):
        if not self.has_flames:
            self.skipTest("npm was not there, or had no network, when the tool was built")
        found = self.found
        self.assertIn("slow", found["waits"])  # the innermost frame is the lock
        self.assertTrue(any("hold_long" in name for name in found["waits"]), found["waits"])
        self.assertRegex(found["found"], r"^\d+ frames?, 100\.0 % of [\d.]+ ms")
        self.assertIn("main", found["holds"])
        self.assertIn("slow", found["bottomUp"])

    def test_memory_shares_the_axis(self):
        found = self.browser.probe(self.both, scripts=SCRIPTS)
        self.assertEqual(found["memory"], 1)
        self.assertEqual(found["names"][0], "live memory")
        self.assertEqual(found["bars"], 15)

    def test_all_text_is_in_its_place_and_readable(self):
        for page, width, scheme in ((self.alone, 400, LIGHT), (self.both, 1280, DARK)):
            with self.subTest(page=os.path.basename(page), width=width, scheme=scheme):
                found = self.browser.probe(page, width=width, scheme=scheme, scripts=SCRIPTS)
                self.assertEqual(found["problems"], [])
                self.assertLessEqual(found["wide"], 0)

    def test_pictures(self):
        for scheme, name, width in ((LIGHT, "light", 1280), (DARK, "dark", 500)):
            picture = os.path.join(PICTURES, f"locks-{name}-{width}.png")
            _, console = self.browser.run(self.alone, f"--screenshot={picture}", "--virtual-time-budget=2000", width=width,
                                          height=2600, scheme=scheme)
            self.assertEqual(console, [])
            self.assertGreater(os.path.getsize(picture), 40_000, "there is next to nothing in " + picture)

    def test_other_files_of_locks(self):
        """Checks the formats of pprof and speedscope; tests/programs/commands has readers of both."""
        try:
            import pprof
        except ImportError:
            self.skipTest("there is no python3-protobuf")
        files = {kind: os.path.join(self.folder, kind) for kind in ("pprof", "speedscope")}
        self.profile("--locks-pprof", files["pprof"], "--locks-speedscope", files["speedscope"], self.recorded)
        profile = pprof.Profile(files["pprof"])
        self.assertEqual((profile.types, profile.default), (["contentions", "delay"], "delay"))
        self.assertEqual(profile.labels(), {("lock", "slow")})
        self.assertEqual(sum(profile.stacks("contentions").values()), 15)
        total = sum(profile.stacks("delay").values())
        self.assertTrue(all(any("hold_long" in name for name in stack) for stack in profile.stacks("delay")))
        with open(files["speedscope"], encoding="utf-8") as file:
            scope = json.load(file)
        names = [frame["name"] for frame in scope["shared"]["frames"]]
        (shown,) = [profile for profile in scope["profiles"] if profile["name"] == "waits"]
        self.assertEqual([profile["name"] for profile in scope["profiles"]], ["waits", "holds", "kept others waiting"])
        self.assertEqual(shown["unit"], "nanoseconds")
        of_slow = sum(weight for sample, weight in zip(shown["samples"], shown["weights"]) if names[sample[-1]] == "slow")
        self.assertEqual(of_slow, total)
        self.assertGreaterEqual(total, 15 * 15_000_000)

    def test_files_of_locks_have_no_memory(self):
        self.assertIn("--locks-pprof", self.profile("--pprof", "-", self.recorded, status=2).stderr)


if __name__ == "__main__":
    if browser.PATH is None:
        print("skipped: there is no chromium; scripts/setup.sh installs it")
        sys.exit(SKIPPED)
    unittest.main(argv=[sys.argv[0], "-v"])
