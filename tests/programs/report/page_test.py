# SPDX-License-Identifier: MIT
"""Tests the HTML report in headless Chromium. Its charts exist. All text is in its place and readable, on a screen
and a telephone, light and dark. It loads nothing and has no errors. Text in a result stays text. Writes pictures.

usage: page_test.py ASHLAR RESULTS PICTURES"""
import html
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import browser
from browser import Browser, DARK, LIGHT, POLICY, first_pixel

ASHLAR, RESULTS, PICTURES = sys.argv[1:4]
SKIPPED = 77


def report(*arguments):
    subprocess.run([ASHLAR, "report", *arguments], check=True, timeout=60)


def changed(source, target, change):
    with open(os.path.join(RESULTS, source), encoding="utf-8") as file:
        result = json.load(file)
    change(result)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(result, file)
    return target


def slow_down(result):
    for sample in result["samples"]:
        if result["contenders"][sample["contender"]]["name"] == "ashlar" and "throughput" in sample:
            sample["throughput"] /= 4
            sample["user_seconds"] *= 4


HOSTILE = "</title></style></svg><script>document.title='taken'</script><img src=http://example.com/x.png>\"'&"


def make_hostile(result):
    result["contenders"][1]["name"] = HOSTILE
    result["configurations"][0]["name"] = HOSTILE
    result["configurations"][0]["command"] = [HOSTILE]
    result["machine"]["processor"] = HOSTILE
    result["remarks"] = [HOSTILE]
    result["samples"][-1]["failure"] = HOSTILE


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = cls.scratch.name
        cls.browser = Browser(cls.folder)
        os.makedirs(PICTURES, exist_ok=True)
        cls.bench = os.path.join(cls.folder, "bench.html")
        report(os.path.join(RESULTS, "bench.json"), "--html", cls.bench)
        cls.program = os.path.join(cls.folder, "program.html")
        report(os.path.join(RESULTS, "program.json"), "--html", cls.program)
        cls.change = os.path.join(cls.folder, "change.html")
        slower = changed("bench.json", os.path.join(cls.folder, "slower.json"), slow_down)
        report(os.path.join(RESULTS, "bench.json"), slower, "--html", cls.change)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def text(self, page):
        with open(page, encoding="utf-8") as file:
            return file.read()

    def test_pictures_are_light_and_dark(self):
        for scheme, name, bright in ((LIGHT, "light", True), (DARK, "dark", False)):
            for width, height in ((1280, 3000), (390, 3000)):
                picture = os.path.join(PICTURES, f"bench-{name}-{width}.png")
                self.browser.run(self.bench, f"--screenshot={picture}", width=width, height=height, scheme=scheme)
                self.assertEqual(min(first_pixel(picture)) > 200, bright, picture)
                self.assertGreater(os.path.getsize(picture), 40_000, "there is next to nothing in " + picture)

    def test_all_text_is_in_its_place_and_readable(self):
        windows = [(page, width, LIGHT) for page in (self.bench, self.program, self.change) for width in (1280, 390)]
        for page, width, scheme in [*windows, (self.bench, 1280, DARK)]:
            with self.subTest(page=os.path.basename(page), width=width, scheme=scheme):
                found = self.browser.probe(page, width=width, scheme=scheme)
                self.assertEqual(found["problems"], [])
                self.assertEqual(found["width"], width)
                self.assertEqual(found["unnamed"], 0)

    def test_the_probe_sees_what_is_wrong(self):
        broken = os.path.join(self.folder, "broken.html")
        svg = ('<svg aria-label="x" width="100" height="50"><text x="60" y="20">far too long a text</text>'
               '<text x="0" y="40">one</text><text x="4" y="40">two</text>'
               '<text x="0" y="12" style="fill:#ddd">faint</text></svg></main>')
        with open(broken, "w", encoding="utf-8") as file:
            file.write(self.text(self.program).replace("</main>", svg))
        problems = "\n".join(self.browser.probe(broken)["problems"])
        self.assertIn("cut off", problems)
        self.assertIn('"one" and "two" overlap', problems)
        self.assertIn("too faint", problems)

    def test_charts_and_points_are_there(self):
        bench = self.browser.probe(self.bench)
        # Scatter, four forests (and one in the folded part), by threads, by size.
        self.assertGreaterEqual(bench["charts"], 7)
        # Two allocators in 7 configurations for memory alone.
        self.assertGreater(bench["points"], 40)
        program = self.text(self.program)
        self.assertIn('id="rss"', program)
        self.assertIn('id="changes"', self.text(self.change))
        for page in (self.bench, self.program, self.change):
            self.assertIn('id="verdict"', self.text(page))
        self.assertIn("slower", self.text(self.change))

    def test_structure_is_what_readers_go_by(self):
        for page in (self.bench, self.program, self.change):
            text = self.text(page)
            for landmark in ("<header>", "<nav aria-label=", '<main id="content">', "<footer>"):
                self.assertEqual(text.count(landmark), 1, landmark)
            self.assertEqual(text.count("<h1>"), 1)
            self.assertEqual(text.count("<section "), text.count("<h2 "))
            figures = text.count("<figure>")
            self.assertEqual(figures, text.count("<figcaption>"))
            self.assertGreaterEqual(text.count("<caption>"), figures, "a chart without a table behind it")
            ids = re.findall(r' id="([^"]*)"', text)
            self.assertEqual(len(ids), len(set(ids)), "ids that are not unique")
            for target in re.findall(r'href="#([^"]*)"', text):
                self.assertIn(target, ids)

    def test_nothing_is_loaded_and_nothing_complains(self):
        for page in (self.bench, self.program, self.change):
            text = self.text(page)
            self.assertIn("default-src 'none'", POLICY.search(text).group(0))
            for loads in (r"<script", r"<link", r"<img", r"<iframe", r"\bsrc=", r'href="(?!#)', r"url\(", r"@import"):
                self.assertIsNone(re.search(loads, text), loads)
            _, console = self.browser.run(page, "--dump-dom")
            self.assertEqual(console, [])

    def test_the_browser_would_complain(self):
        loading = os.path.join(self.folder, "loading.html")
        with open(loading, "w", encoding="utf-8") as file:
            file.write(self.text(self.program).replace("</main>", "<img src='http://example.com/x.png'></main>"))
        _, console = self.browser.run(loading, "--dump-dom")
        self.assertTrue(any("Content Security Policy" in line for line in console), console)

    def test_what_is_in_a_result_stays_text(self):
        source = changed("bench.json", os.path.join(self.folder, "hostile.json"), make_hostile)
        page = os.path.join(self.folder, "hostile.html")
        report(source, "--html", page)
        self.assertNotIn("<script", self.text(page))
        self.assertNotIn("<img", self.text(page))
        dom, console = self.browser.run(page, "--dump-dom")
        self.assertEqual(console, [])
        self.assertNotIn("<title>taken</title>", dom)
        self.assertIn(html.escape(HOSTILE, quote=False).replace("&quot;", '"'), dom)


if __name__ == "__main__":
    if browser.PATH is None:
        print("skipped: there is no chromium; scripts/setup.sh installs it")
        sys.exit(SKIPPED)
    unittest.main(argv=[sys.argv[0], "-v"])
