# SPDX-License-Identifier: MIT
"""Tests the page of a profile in headless Chromium. The flame graph can be searched, clicked and turned round. The
table is sorted. All text is in its place and readable, on a screen and a telephone, light and dark. It loads nothing
and has no errors. Text in a profile stays text. Writes pictures.

usage: profile_page_test.py ASHLAR PICTURES"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

import browser
from browser import Browser, DARK, LIGHT, POLICY, first_pixel
from profile_file import ProfileFile, example

ASHLAR, PICTURES = sys.argv[1:3]
SKIPPED = 77
SCRIPTS = ("page_probe.js", "profile_probe.js")
HOSTILE = "</script><script>document.title='taken'</script><img src=http://example.com/x.png>\"'&<!--"


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = cls.scratch.name
        cls.browser = Browser(cls.folder)
        os.makedirs(PICTURES, exist_ok=True)
        cls.recorded = cls.record("profile", example())
        cls.page = cls.report("profile", cls.recorded)
        cls.has_flames = "The flame graph is missing" not in cls.text(cls.page)
        grown = example()
        grown.allocate(3.5, ("main", "serve", "new_cache"), 6_000_000)
        cls.difference = cls.report("difference", "--diff", cls.recorded, cls.record("grown", grown))

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def record(cls, name, file):
        cls.addClassCleanup(file.remove_map)
        return file.write(cls.path(name + ".profile"))

    @classmethod
    def report(cls, name, *arguments):
        page = cls.path(name + ".html")
        subprocess.run([ASHLAR, "profile", "--html", page, *arguments], check=True, timeout=60, stdout=subprocess.DEVNULL)
        return page

    @staticmethod
    def text(page):
        with open(page, encoding="utf-8") as file:
            return file.read()

    def need_flames(self):
        if not self.has_flames:
            self.skipTest("npm was not there, or had no network, when the tool was built")

    def test_the_flame_graph_is_there_and_can_be_used(self):
        self.need_flames()
        found = self.browser.probe(self.page, scripts=SCRIPTS)
        for name in ("all", "main", "serve", "parse", "load_table"):
            self.assertIn(name, found["frames"])
        self.assertEqual(found["levels"], {"main": 1, "parse": 3})
        self.assertEqual(found["highlighted"], ["parse"])
        self.assertIn("1 frame, 83.3 %", found["found"])  # 20 of 24 million bytes
        self.assertIn("1 frame,", found["foundLetter"])  # the frame in operator new(unsigned long)
        self.assertIn("serve: 22.9 MiB, 100.0 % of what was live at the peak", found["function"])
        self.assertEqual([row[0] for row in found["callers"]], ["main"])
        self.assertEqual([row[0] for row in found["callees"]], ["parse", "load_table"])
        self.assertEqual(found["faded"], 2)  # the callers of the clicked frame
        self.assertEqual(found["bottomUp"], {"allocator": 1, "parse": 2})

    def test_places_are_sorted(self):
        found = self.browser.probe(self.page, scripts=SCRIPTS)
        self.assertEqual([row[0] for row in found["sites"]], ["parse", "load_table"])
        self.assertEqual(found["sites"][0][1:4], ["19.1 MiB", "83.3 %", "20"])
        self.assertEqual([row[0] for row in found["sorted"]], ["load_table", "parse"])
        self.assertEqual([row[0] for row in found["waste"]], ["remember"])
        self.assertIn("58.6 KiB", found["words"])

    def test_a_difference_has_colours_and_changes(self):
        self.need_flames()
        found = self.browser.probe(self.difference, scripts=SCRIPTS)
        self.assertIn("new_cache", self.text(self.difference))
        self.assertEqual(found["sites"][0][5], "+0 B")  # no change at the peak
        self.assertGreaterEqual(len(found["fills"]), 1)
        leaks = subprocess.run([ASHLAR, "profile", "--leaks", "--diff", self.recorded, self.path("grown.profile")],
                               check=True, timeout=60, capture_output=True, text=True).stdout
        self.assertRegex(leaks, r"new_cache +\+5\.72 MiB")

    def test_all_text_is_in_its_place_and_readable(self):
        for page, width, scheme in ((self.page, 1280, LIGHT), (self.page, 400, LIGHT), (self.page, 1280, DARK), (self.page, 400, DARK),
                                    (self.difference, 400, LIGHT)):
            with self.subTest(page=os.path.basename(page), width=width, scheme=scheme):
                found = self.browser.probe(page, width=width, scheme=scheme, scripts=SCRIPTS)
                self.assertEqual(found["problems"], [])
                self.assertEqual(found["width"], width)
                self.assertLessEqual(found["wide"], 0)
                self.assertEqual(found["unnamed"], 0)

    def test_pictures_are_light_and_dark(self):
        for scheme, name, bright in ((LIGHT, "light", True), (DARK, "dark", False)):
            for width in (1280, 500):  # windows are not narrower
                picture = os.path.join(PICTURES, f"profile-{name}-{width}.png")
                self.browser.run(self.page, f"--screenshot={picture}", "--virtual-time-budget=3000", width=width, height=3000,
                                 scheme=scheme)
                self.assertEqual(min(first_pixel(picture)) > 200, bright, picture)
                self.assertGreater(os.path.getsize(picture), 40_000, "there is next to nothing in " + picture)

    def test_nothing_is_loaded_and_nothing_complains(self):
        for page in (self.page, self.difference):
            text = self.text(page)
            policy = POLICY.search(text).group(0)
            self.assertIn("default-src 'none'", policy)
            self.assertIn("script-src 'nonce-ashlar'", policy)
            for loads in (r"<link", r"<img", r"<iframe", r"<script[^>]* src=", r"@import"):
                self.assertIsNone(re.search(loads, text), loads)
            _, console = self.browser.run(page, "--dump-dom")
            self.assertEqual(console, [])

    def test_what_is_in_a_profile_stays_text(self):
        file = ProfileFile(program="/usr/bin/" + HOSTILE.replace("/", "|"))
        file.thread(1, HOSTILE[:15])
        file.allocate(1, (HOSTILE, "f"), 1000)
        page = self.report("hostile", self.record("hostile", file))
        self.assertNotIn("<img", self.text(page))
        dom, console = self.browser.run(page, "--dump-dom")
        self.assertEqual(console, [])
        self.assertNotIn("<title>taken</title>", dom)


if __name__ == "__main__":
    if browser.PATH is None:
        print("skipped: there is no chromium; scripts/setup.sh installs it")
        sys.exit(SKIPPED)
    unittest.main(argv=[sys.argv[0], "-v"])
