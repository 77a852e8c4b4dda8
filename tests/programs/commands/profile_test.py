# SPDX-License-Identifier: MIT
"""Tests ashlar profile on files that are written here: views, filters, other programs' formats, and refused input.

usage: profile_test.py ASHLAR LIBRARY"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

from profile_file import ProfileFile, example

ASHLAR = os.path.abspath(sys.argv[1])
LIMIT = 60
PARSE = ("operator new(unsigned long)", "parse", "serve", "main")

PRINTED = """Debuggee command was: /usr/bin/subject --fast

MOST CALLS TO ALLOCATION FUNCTIONS
100 calls to allocation functions with 1000.00K peak consumption from
  load_table(int)
    at /src/table.cc:42
    in /usr/bin/subject

MEMORY LEAKS
500.00K leaked over 100 calls from
  load_table(int)
    at /src/table.cc:42
    in /usr/bin/subject

"""


def profile(*arguments, status=0, **settings):
    done = subprocess.run([ASHLAR, "profile", *arguments], capture_output=True, text=True, timeout=LIMIT, **settings)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        file = example()
        cls.addClassCleanup(file.remove_map)
        cls.recorded = file.write(cls.path("example.profile"))

    @classmethod
    def path(cls, name):
        return os.path.join(cls.scratch.name, name)

    def places(self, *arguments):
        """Returns the places of the requested view, from the table below its heading."""
        text = profile(*arguments, self.recorded).stdout
        table = text.split("\nWhere ", 1)[1].split("\n\n")[0]
        return re.findall(r"^  (\w+) .* [0-9.]+ %", table, re.MULTILINE)

    def test_each_view_shows_its_places_first(self):
        self.assertEqual(self.places(), ["parse", "load_table"])
        self.assertEqual(self.places("--leaks"), ["load_table", "remember"])
        self.assertEqual(self.places("--live", "--at", "1.05"), ["parse", "load_table"])
        self.assertEqual(self.places("--allocated"), ["parse", "format_reply", "load_table", "remember"])
        self.assertEqual(self.places("--temporary"), ["format_reply", "parse"])  # the last two of these
        self.assertEqual(self.places("--temporary", "--temporary-within", "100M"), ["parse", "format_reply"])
        self.assertEqual(self.places("--lifetime")[0], "load_table")
        self.assertEqual(self.places("--waste"), ["remember"])

    def test_filters(self):
        self.assertEqual(self.places("--allocated", "--focus", "^serve$"), ["parse", "load_table"])
        self.assertEqual(self.places("--allocated", "--ignore", "parse|load"), ["format_reply", "remember"])
        self.assertEqual(self.places("--allocated", "--thread", "worker"), ["format_reply", "remember"])
        self.assertEqual(self.places("--allocated", "--top", "1"), ["parse"])
        with open(self.path("known.supp"), "w", encoding="utf-8") as file:
            file.write("# known\nleak:load_table\n")
        text = profile("--leaks", "--suppressions", self.path("known.supp"), self.recorded).stdout
        self.assertIn("3.81 MiB suppressed", text)
        self.assertNotIn("load_table", text.split("Where it was never freed")[1].split("\n\n")[0])

    def test_text_is_plain_in_a_pipe_and_says_what_to_do(self):
        text = profile(self.recorded).stdout
        self.assertNotIn("\033", text)
        self.assertIn("Peak        22.9 MiB in 21 blocks, after 1.19 s", text)
        self.assertIn("Every block was recorded: figures are exact.", text)
        self.assertIn("from serve", text)
        self.assertIn("2 worker", text)
        self.assertIn("Peak: parse has 83.3 % of it", text)

    def test_json_takes_the_place_of_the_text(self):
        found = json.loads(profile("--json", "-", self.recorded).stdout)
        views = found["processes"][0]["views"]
        self.assertEqual(views["leaks"]["sites"][0]["function"], "load_table")
        self.assertEqual(views["peak"]["total"]["bytes"]["value"], 24_000_000)
        self.assertEqual([each["function"] for each in views["peak"]["sites"][0]["stack"]], list(PARSE))

    def test_other_formats(self):
        folded, speedscope, pprof, heap = (self.path(name) for name in ("folded", "speedscope", "pprof", "heap"))
        profile("--flamegraph", folded, "--speedscope", speedscope, "--pprof", pprof, "--jeprof", heap, self.recorded)
        with open(folded, encoding="utf-8") as file:
            self.assertEqual(file.read(), "main;serve;load_table 4000000\nmain;serve;parse;operator new(unsigned long) 20000000\n")
        with open(speedscope, encoding="utf-8") as file:
            found = json.load(file)
        self.assertEqual(found["profiles"][found["activeProfileIndex"]]["name"], "peak")
        with open(heap, encoding="utf-8") as file:
            self.assertRegex(file.read(), r"^heap_v2/1\n  t\*: 21: 24000000 \[0: 0\]\n@ 0x")
        try:
            from pprof import Profile  # pylint: disable=import-outside-toplevel
        except ImportError:
            self.skipTest("there is no python3-protobuf")
        found = Profile(pprof)
        self.assertEqual(found.default, "peak_space")
        self.assertEqual(found.stacks("peak_space"), {PARSE: 20_000_000, ("load_table", "serve", "main"): 4_000_000})
        self.assertEqual(found.stacks("alloc_objects")[("format_reply", "worker_loop", "main")], 30)
        self.assertEqual(found.message.period, 1)
        self.assertEqual(found.message.duration_nanos, 4_000_000_000)
        self.assertEqual(found.program, "subject")

    def test_difference(self):
        grown = example()
        grown.allocate(3.5, ("main", "serve", "new_cache"), 6_000_000)
        grown.write(self.path("grown.profile"))
        text = profile("--leaks", "--diff", self.recorded, self.path("grown.profile"), "--flamegraph", self.path("diff")).stdout
        self.assertIn("+5.72 MiB from the first to the second", text)
        self.assertRegex(text, r"  new_cache +\+5.72 MiB +0 B +5.72 MiB")
        with open(self.path("diff"), encoding="utf-8") as file:
            self.assertIn("main;serve;new_cache 0 6000000\n", file.read())
        profile("--diff", self.recorded, self.recorded, "--json", self.path("x"), status=2)

    def test_filters_reach_every_table(self):
        """Includes freed blocks, sizes and threads."""
        serve = json.loads(profile("--json", "-", "--focus", "^serve$", self.recorded).stdout)["processes"][0]
        everything = json.loads(profile("--json", "-", self.recorded).stdout)["processes"][0]
        rest = json.loads(profile("--json", "-", "--ignore", "^serve$", self.recorded).stdout)["processes"][0]
        worker = json.loads(profile("--json", "-", "--thread", "worker", self.recorded).stdout)["processes"][0]

        def blocks(report):
            self.assertEqual(sum(each["blocks"]["value"] for each in report["sizes"]),
                             report["views"]["allocated"]["total"]["blocks"]["value"])
            return sum(each["allocated"]["blocks"]["value"] for each in report["threads"])

        for report in (serve, rest, worker):
            self.assertLess(report["frees"]["value"], everything["frees"]["value"])
            self.assertEqual(blocks(report), report["views"]["allocated"]["total"]["blocks"]["value"])
        self.assertEqual(serve["frees"]["value"] + rest["frees"]["value"], everything["frees"]["value"])
        self.assertEqual([each["name"] for each in worker["threads"]], ["worker"])

    def test_what_is_cut_short_says_so_first(self):
        whole = profile(self.recorded).stdout
        self.assertNotIn("Cut short", whole)
        killed = ProfileFile(pid=example().pid + 10)
        self.addCleanup(killed.remove_map)
        killed.allocate(1, ("main", "load"), 1000)
        killed.write(self.path("killed"), state=1)
        with open(self.path("killed"), "rb") as file:
            kept = file.read()
        with open(self.path("truncated"), "wb") as file:
            file.write(kept[:-4096 - 100])
        for name, words in (("killed", "was killed"), ("truncated", "end of the file is missing")):
            text = profile(self.path(name)).stdout
            self.assertLess(text.index("Cut short: "), text.index("Peak"))
            self.assertIn(words, text.split("Peak")[0])

    def test_how_the_caches_did(self):
        file = example()
        names = ("allocated", "refills", "refill_ns", "allocations", "fallback_calls")
        file.counts(names, [(0, (0, 10, 0, 0, 1)), (4, (5, 20, 0, 0, 3))])
        file.write(self.path("caches"))
        found = json.loads(profile("--json", "-", self.path("caches")).stdout)["processes"][0]
        requests = sum(each["blocks"]["value"] for each in found["sizes"] if each["up_to"] <= 32 << 10)
        cache = found["cache"]
        self.assertEqual((cache["refills"], cache["fallback_calls"], cache["refill_seconds"]), (10, 2, None))
        self.assertEqual(cache["requests"]["value"], requests)
        self.assertEqual(cache["hit_rate"]["value"], 0 if requests <= 10 else 1 - 10 / requests)
        text = profile(self.path("caches")).stdout
        self.assertIn("Refills: 10, 2.5/s; their time is measured with ASHLAR_CONF=count:true", text)
        self.assertIn("Fallback: 2 requests", text)
        self.assertNotIn("Thread caches", profile("--no-cache", self.path("caches")).stdout)
        without = profile("--no-memory", self.path("caches")).stdout
        self.assertIn("Thread caches", without)
        self.assertNotIn("Peak", without)
        self.assertNotIn("Thread caches", profile(self.recorded).stdout, "an older library does not say")
        self.assertNotIn("views", json.loads(profile("--no-memory", "--json", "-", self.recorded).stdout)["processes"][0])
        profile("--no-memory", "--no-cache", "--no-cpu", self.recorded, status=2)
        profile("--no-memory", "--pprof", self.path("x"), self.recorded, status=2)
        # With count:true both figures are exact.
        file.counts(names, [(0, (0, 10, 0, 100, 0)), (4, (5, 20, 5_000_000, 300, 0))])
        file.write(self.path("caches"))
        cache = json.loads(profile("--json", "-", self.path("caches")).stdout)["processes"][0]["cache"]
        self.assertEqual((cache["hit_rate"]["value"], cache["hit_rate"]["low"]), (0.95, 0.95))
        self.assertEqual(cache["refill_seconds"], 0.005)

    def test_peaks_at_different_moments_are_not_added(self):
        first, second = (ProfileFile(pid=example().pid + number) for number in (11, 12))
        for number, (file, begin) in enumerate(((first, 1), (second, 3))):
            self.addCleanup(file.remove_map)
            block = file.allocate(begin, ("main", f"work{number}"), 10_000_000)
            file.free(begin + 1, block)
            file.allocate(begin + 1.5, ("main", "rest"), 1_000_000)
            file.mark(6)
            file.write(self.path(f"process{number}"))
        text = profile("--flamegraph", self.path("folded"), self.path("process0"), self.path("process1")).stdout
        self.assertIn("All of them together held 10.5 MiB at most", text)
        with open(self.path("folded"), encoding="utf-8") as file:
            folded = {line.rsplit(" ", 1)[0].split(";")[-1]: int(line.rsplit(" ", 1)[1]) for line in file}
        self.assertEqual(folded, {"rest": 1_000_000, "work1": 10_000_000})

    def test_several_processes(self):
        other = ProfileFile(pid=example().pid + 1)
        self.addCleanup(other.remove_map)
        other.allocate(1, ("main", "child"), 100_000_000)
        other.write(self.path("child.profile"))
        text = profile(self.recorded, self.path("child.profile")).stdout
        self.assertLess(text.index(f"({other.pid})"), text.index(f"({example().pid})"))
        self.assertIn("subject (process %d)" % other.pid, text)

    def test_what_cannot_be_read_says_why(self):
        path = self.path("bad")
        cases = {"is of version 9": example().header(version=9), "is no profile of Ashlar": b"x" * 5000, "is empty": b"",
                 "cut off": example().header()[:100]}
        for words, content in cases.items():
            with open(path, "wb") as file:
                file.write(content)
            done = profile(path, status=1)
            self.assertIn(words, done.stderr)
            self.assertIn(path, done.stderr)
        self.assertIn("No such file", profile(self.path("none"), status=1).stderr)
        # Readable files are shown nevertheless.
        done = profile(self.path("none"), self.recorded, status=1)
        self.assertIn("load_table", done.stdout)

    def test_files_of_heaptrack_need_heaptrack_print(self):
        path = self.path("heaptrack.subject.1.zst")
        with open(path, "wb") as file:
            file.write(b"\x28\xb5\x2f\xfd and no more")
        missing = profile(path, status=1, env={**os.environ, "PATH": self.scratch.name}).stderr
        self.assertIn("no heaptrack_print to read it: install heaptrack", missing)
        self.assertIn(path, missing)
        # Scripts in place of heaptrack_print: one prints real output, others fail.
        for script, status, words in (("cat <<'END'\n" + PRINTED + "END\n", 0, "load_table(int) at table.cc:42"),
                                      ("exit 0", 1, "finds no allocations"), ("echo 'bad file' >&2; exit 3", 1, "bad file")):
            with open(self.path("heaptrack_print"), "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\n" + script)
            os.chmod(file.name, 0o755)
            done = profile("--leaks", path, status=status, env={**os.environ, "PATH": self.scratch.name + ":" + os.environ["PATH"]})
            self.assertIn(words, done.stdout + done.stderr)

    def test_a_cut_file_is_read_as_far_as_it_goes(self):
        with open(self.recorded, "rb") as file:
            whole = file.read()
        with open(self.path("cut"), "wb") as file:
            file.write(whole[:-4096 - 700])
        self.assertIn("load_table", profile(self.path("cut")).stdout)

    def test_arguments_that_make_no_sense(self):
        for arguments, words in (
                ([], "nothing to profile is given"), (["--at", "1", self.recorded], "--at is a moment for --live"),
                ([self.recorded, "--", "true"], "not expected: true"), (["--focus", "(", self.recorded], "no regular expression"),
                (["--keep", "x", self.recorded], "there is none"), (["--suppressions", "/none", self.recorded], "cannot read"),
                (["--json", "/none/x", self.recorded], "cannot write"), (["--leaks", "--peak", self.recorded], "excludes"),
                (["--live", "--at", "1000", self.recorded], "beyond the end"),
                (["--json", "-", "--pprof", "-", self.recorded], "cannot both"), (["--top", "0", self.recorded], "--top")):
            done = profile(*arguments, status=2)
            self.assertIn(words, done.stderr + done.stdout, arguments)
        self.assertIn("there are: 1=main 2=worker", profile("--thread", "none", self.recorded).stderr)
        self.assertIn("leave nothing", profile("--focus", "no_such_function", self.recorded).stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
