# SPDX-License-Identifier: MIT
"""Tests ashlar bench languages and bench programs: every installed language gives the same results.

usage: languages_test.py ASHLAR LIBRARY"""
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

ASHLAR, LIBRARY = sys.argv[1:3]
LIMIT = 160
NAMES = {"c": "C", "c++": "C++", "go": "Go", "rust": "Rust", "python": "Python", "node": "Node.js", "ruby": "Ruby", "perl": "Perl",
         "lua": "Lua", "java": "Java"}
TASKS = ("fibonacci", "trees", "arrays", "strings")


class Bench(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def bench(self, *arguments):
        # Uses its own cache, so that this test compiles everything itself.
        environment = {"GOCACHE": os.path.expanduser("~/.cache/go-build"), **os.environ, "XDG_CACHE_HOME": self.path("cache")}
        return subprocess.run([ASHLAR, "bench", *arguments], capture_output=True, text=True, timeout=LIMIT, check=False,
                              env=environment)

    def measure(self, *arguments):
        """Returns (result in JSON, printed text, complaints)."""
        done = self.bench(*arguments, "--json", self.path("result.json"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with open(self.path("result.json"), encoding="utf-8") as file:
            return json.load(file), done.stdout, done.stderr

    def refused(self, *arguments):
        done = self.bench(*arguments)
        self.assertEqual(done.returncode, 2, (arguments, done.stdout, done.stderr))
        return done.stdout + done.stderr


class Languages(Bench):
    TINY = ("languages", "--size", "tiny", "--rounds", "1")

    def test_every_language_that_is_installed_prints_the_expected_results(self):
        result, printed, missing = self.measure(*self.TINY, "--allocators", "ashlar")
        groups = {configuration["group"] for configuration in result["configurations"]}
        absent = {name for name in NAMES.values() if f"goes on without: {name}: " in missing}
        self.assertEqual(groups | absent, set(NAMES.values()))
        self.assertEqual(groups & absent, set())
        self.assertLessEqual({"C", "C++", "Python", "Perl", "Node.js"}, groups, missing)
        self.assertEqual([each["name"] for each in result["configurations"] if each["group"] == "C"],
                         [f"C, {task}" for task in TASKS])
        lines = {}
        for configuration in result["configurations"]:
            task = configuration["name"].split(", ")[1]
            lines.setdefault(task, set()).add(configuration["expected_line"])
        self.assertEqual({len(each) for each in lines.values()}, {1})
        for sample in result["samples"]:
            self.assertNotIn("failure", sample)
        for words in ("CPU time of the task, in ms", "Peak RSS", "Between languages", "expected", "Where objects lie"):
            self.assertIn(words, printed)

    def test_a_wrong_result_is_a_failure(self):
        wrong = os.path.join(self.folder, "bin")
        os.mkdir(wrong)
        with open(os.path.join(wrong, "perl"), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho checksum = 1\necho CPU time = 1.0 ms\n")
        os.chmod(os.path.join(wrong, "perl"), 0o755)
        environment = {**os.environ, "PATH": wrong + ":" + os.environ["PATH"]}
        done = subprocess.run([ASHLAR, "bench", *self.TINY, "perl", "--tasks", "trees", "--allocators", "system"],
                              capture_output=True, text=True, timeout=LIMIT, check=False, env=environment)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("'checksum = 1' where 'checksum = 187054' was expected", done.stdout + done.stderr)

    def test_only_those_named(self):
        result, _, _ = self.measure(*self.TINY, "perl", "python", "--tasks", "strings,trees", "--allocators", "system")
        self.assertEqual([each["name"] for each in result["configurations"]],
                         ["Python, trees", "Python, strings", "Perl, trees", "Perl, strings"])

    def test_what_is_compiled_is_kept(self):
        self.measure(*self.TINY, "c", "--allocators", "system")
        kept = os.path.join(self.path("cache"), "ashlar", "languages")
        before = os.listdir(kept)
        self.assertEqual(len(before), 1)
        self.measure(*self.TINY, "c", "--allocators", "system")
        self.assertEqual(os.listdir(kept), before)

    def test_before_and_now(self):
        old = shutil.copy(LIBRARY, self.path("old.so"))
        result, printed, _ = self.measure(*self.TINY, "c", "perl", "--before", old)
        self.assertEqual([each["name"] for each in result["contenders"]], ["before", "now", "before"])
        self.assertEqual(result["contenders"][0]["library"], os.path.realpath(old))
        for words in ("User time", "C, total", "Perl, total", "Perl, strings", "now / before", "worst task"):
            self.assertIn(words, printed)

    def test_an_interrupted_run_is_gone_on_with(self):
        result, _, _ = self.measure(*self.TINY, "perl", "--allocators", "system")
        with open(self.path("result.json"), "w", encoding="utf-8") as file:
            json.dump({**result, "complete": False, "samples": result["samples"][:3]}, file)
        done = self.bench("languages", "--resume", self.path("result.json"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with open(self.path("result.json"), encoding="utf-8") as file:
            again = json.load(file)
        self.assertTrue(again["complete"])
        self.assertEqual(len(again["samples"]), len(result["samples"]))

    def test_wrong_arguments(self):
        for arguments, named in ((["fortran"], "fortran"), (["--tasks", "sorting"], "sorting"), (["--size", "huge"], "huge"),
                                 (["--before", self.path("none.so")], f"there is no library {self.path('none.so')}"),
                                 (["--before", LIBRARY, "--allocators", "system"], "--before"),
                                 (["--rounds", "0"], "--rounds"), (["--resume", self.path("none.json")], "none.json")):
            self.assertIn(named, self.refused("languages", *arguments))
        self.assertIn("--quick stands before languages", self.refused("--quick", "languages"))


class Programs(Bench):
    def test_those_that_are_installed_run(self):
        result, printed, _ = self.measure("programs", "python3", "sqlite3", "git", "--quick", "--rounds", "1")
        self.assertEqual([each["name"] for each in result["configurations"]], ["sqlite3", "python3", "git"])
        self.assertEqual({each["name"] for each in result["contenders"]}, {"System", "ashlar"})
        for words in ("Wall time", "CPU time", "Peak RSS"):
            self.assertIn(words, printed)

    def test_wrong_arguments(self):
        self.assertIn("emacs", self.refused("programs", "emacs"))

    def test_servers_of_two_runs_do_not_meet(self):
        folder = self.path(f"ashlar-programs-{os.getuid()}")
        with unittest.mock.patch.dict(os.environ, TMPDIR=self.folder):
            os.mkdir(folder)
            lock = os.open(folder, os.O_RDONLY)
            self.addCleanup(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self.bench("programs", "python3", "--quick", "--rounds", "1")
            self.assertNotEqual(done.returncode, 0, done.stdout)
            self.assertIn("another run is at work", done.stderr)
            self.assertTrue(os.path.isdir(folder))
            os.rmdir(folder)
            os.symlink("/", folder)  # another user's folder
            done = self.bench("programs", "python3", "--quick", "--rounds", "1")
            self.assertNotEqual(done.returncode, 0, done.stdout)
            self.assertIn("no folder of this user's", done.stderr)


class OwnPrograms(Bench):
    def script(self, name, text="#!/bin/sh\nexit 0\n", executable=True):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), 0o755 if executable else 0o644)
        return self.path(name)

    def test_iterations_count_and_warm_up_does_not(self):
        script = self.script("once", f"#!/bin/sh\necho >>{self.path('runs')}\n")
        result, printed, _ = self.measure(script, "-i", "3", "-w", "4", "--allocators", "ashlar")
        self.assertEqual(result["rounds"], 3)
        self.assertEqual(sum(sample["round"] > 0 for sample in result["samples"]), 3 * 3)
        with open(self.path("runs"), encoding="utf-8") as file:
            self.assertEqual(len(file.readlines()), 3 * 3 + 4 * 2)  # System runs twice in a round, once in a warm-up
        self.assertIn("Wall time", printed)

    def test_a_folder_has_each_of_its_executable_files(self):
        for name in ("b", "a"):
            self.script(name)
        self.script("notes", executable=False)
        result, _, _ = self.measure(self.folder, "-i", "1", "--allocators", "system")
        self.assertEqual([os.path.basename(each["name"]) for each in result["configurations"]], ["a", "b"])

    def test_a_script_without_leave_to_be_executed(self):
        script = self.script("plain", "#!/usr/bin/env python3\nprint(1)\n", executable=False)
        result, _, _ = self.measure(script, "-i", "1", "--allocators", "system")
        self.assertEqual(result["configurations"][0]["command"], ["/usr/bin/env", "python3", script])

    def test_a_failure_is_named(self):
        done = self.bench(self.script("bad", "#!/bin/sh\necho trouble >&2\nexit 3\n"), "-i", "1", "--allocators", "system")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("trouble", done.stdout + done.stderr)

    def test_wrong_arguments(self):
        script = self.script("fine")
        text = self.script("text", "words\n", executable=False)
        empty = self.path("empty")
        os.mkdir(empty)
        for arguments, named in (([self.path("none")], "neither a workload nor a file"), ([text], f"chmod +x {text}"),
                                 ([empty], "holds no executable file"), ([script, "larson"], "'larson' is a workload"),
                                 ([script, "--threads", "2"], "--threads is for the workloads"),
                                 ([script, "-i", "0"], "--rounds"), ([script, "-w", "0"], "--warm-up")):
            self.assertIn(named, self.refused(*arguments))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
