# SPDX-License-Identifier: MIT
"""Tests ashlar alarm as users run it: exit statuses, formats, references, bad input.

usage: alarm_test.py ASHLAR LIBRARY SOURCES [TEST...]"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ASHLAR, LIBRARY, SOURCES = sys.argv[1:4]


def alarm(*words, cwd=None):
    return subprocess.run([ASHLAR, "alarm", *words], capture_output=True, text=True, check=False, cwd=cwd, timeout=150)


class Alarm(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def test_the_same_library_passes_the_exact_gate(self):
        run = alarm("--reference", LIBRARY, "--gates", "exact", "--only", "pairs-16,start-up", "--json",
                    self.path("alarm.json"), "--junit", self.path("alarm.xml"))
        if "is not installed" in run.stdout + run.stderr or "ptrace" in run.stdout + run.stderr:
            self.skipTest(run.stdout + run.stderr)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertTrue(run.stdout.startswith("PASSED: "), run.stdout)
        with open(self.path("alarm.json"), encoding="utf-8") as file:
            result = json.load(file)
        self.assertEqual(result["outcome"], "passed")
        self.assertGreater(result["figures"]["pairs-16"]["instructions an operation"], 5)
        self.assertGreater(result["figures"]["start-up"]["calls of execve"], 0)
        names = {(each["benchmark"], each["figure"]) for each in result["findings"]}
        self.assertIn(("pairs-16", "refills"), names)
        self.assertIn(("library file", "bytes of thread-local storage"), names)
        suite = xml.etree.ElementTree.parse(self.path("alarm.xml")).getroot()
        self.assertEqual(int(suite.get("tests")), len(result["findings"]))
        self.assertEqual(suite.get("failures"), "0")

    def test_a_library_that_cannot_be_counted_is_a_regression(self):
        broken = self.path("libbroken.so")  # this library ends every program
        source = "#include <unistd.h>\n__attribute__((constructor)) static void end(void) { _exit(9); }\n"
        built = subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", broken], input=source, text=True,
                               capture_output=True, check=False)
        if built.returncode != 0:
            self.skipTest(built.stderr)
        run = alarm("--reference", LIBRARY, "--library", broken, "--gates", "exact", "--only", "pairs-16", "--json",
                    self.path("alarm.json"))
        if "is not installed" in run.stdout + run.stderr or "ptrace" in run.stdout + run.stderr:
            self.skipTest(run.stdout + run.stderr)
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        with open(self.path("alarm.json"), encoding="utf-8") as file:
            failed = {each["figure"]: each["outcome"] for each in json.load(file)["findings"]}
        self.assertEqual(failed.get("runs that failed"), "regressed", failed)

    def test_nothing_measured_is_no_pass(self):
        # The files are judged, but no benchmark of this gate can be, because each has threads.
        run = alarm("--reference", LIBRARY, "--gates", "time", "--only", "give-back")
        self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
        self.assertIn("give-back has no figure", run.stderr)
        run = alarm("--reference", LIBRARY, "--gates", "exact", "--only", "hand-over,pairs-16")
        self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
        self.assertIn("hand-over has no figure", run.stderr)

    def test_a_run_names_what_shows_it_again(self):
        script = self.path("fails.sh")
        with open(script, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\ncase $LD_PRELOAD in *ashlar*) exit 3;; esac\n")
        os.chmod(script, 0o755)
        run = alarm("--reference", "system", "--rounds", "5", "--gates", "coarse", "--seed", "7", "--", script)
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn(f"again: ashlar alarm --gates coarse --rounds 5 --seed 7 --reference system -- {script}", run.stdout)

    def test_another_allocator_as_reference_of_a_command(self):
        run = alarm("--reference", "system", "--rounds", "5", "--gates", "coarse,memory", "--", "/bin/true")
        self.assertIn(run.returncode, (0, 1, 3), run.stdout + run.stderr)  # the figures of /bin/true do not matter
        self.assertIn("compared with system", run.stdout)

    def test_a_lock_profiler_that_is_missing_is_no_pass(self):
        alone = self.path("libashlar.so")
        shutil.copy(LIBRARY, alone)
        run = alarm("--reference", alone, "--library", alone, "--gates", "coarse", "--only", "lock-profiling", "--rounds", "5")
        self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
        self.assertIn("libashlar-locks.so is missing", run.stderr)

    def test_another_program_as_reference(self):
        for name, status in (("well", 0), ("badly", 3)):
            with open(self.path(name), "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\n[ \"$1\" = word ] || exit 4\nexit {status}\n")
            os.chmod(self.path(name), 0o755)
        words = ("--rounds", "5", "--gates", "coarse", "--library", LIBRARY)
        run = alarm("--reference", self.path("well"), *words, "--", self.path("badly"), "word")
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("exit status 3", run.stdout)
        run = alarm("--reference", self.path("well"), *words, "--", self.path("well"), "word")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        run = alarm("--reference", self.path("badly"), *words, "--", self.path("well"), "word")
        self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
        self.assertIn("no benchmark was measured", run.stderr)

    def test_a_command_that_fails_only_now_is_a_regression(self):
        script = self.path("fails.sh")
        with open(script, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\ncase $LD_PRELOAD in *ashlar*) exit 3;; esac\n")
        os.chmod(script, 0o755)
        run = alarm("--reference", "system", "--rounds", "5", "--", script)
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("exit status 3", run.stdout)

    def test_bad_input(self):
        for words, sentence in (
                (["--only", "nothing", "--reference", LIBRARY], "no benchmark is called 'nothing'"),
                (["--update"], "--why"),
                (["--anchor"], "--update"),
                (["--update", "--why", "x", "--only", "pairs-16"], "leave out"),
                (["--factor", "1"], "factor"),
                (["--gates", "speed"], "gates"),
                (["--rounds", "2"], "rounds"),
                (["--reference", "/no/such.so"], "/no/such.so"),
                (["--repository", "/"], "git repository"),
                (["--json", "-", "--junit", "-"], "standard output"),
                (["--json", "/no/such/folder/x"], "/no/such/folder/x"),
                (["--", "/bin/true"], "--reference")):
            with self.subTest(words=words):
                run = alarm(*words)
                self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
                self.assertIn(sentence, run.stderr)

    def repository(self):
        """Makes a repository with a file of references, but without Ashlar."""
        subprocess.run(["git", "init", "--quiet", self.folder], check=True)
        os.makedirs(self.path("bench/alarm"))
        return self.path("bench/alarm/reference.json")

    def test_references_that_are_none(self):
        file = self.repository()
        run = alarm("--repository", self.folder)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn("cannot be read", run.stderr)
        with open(file, "w", encoding="ascii") as out:
            out.write("{}")
        run = alarm("--repository", self.folder)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn("no file of the format", run.stderr)

    def test_a_commit_that_the_clone_lacks(self):
        file = self.repository()
        recorded = {"commit": "0123456789", "date": "", "reason": "", "processor": "", "processors": 1, "memory_kib": 1,
                    "load": "", "kernel": "", "compiler": "", "figures": {}}
        with open(file, "w", encoding="ascii") as out:
            json.dump({"format": "ashlar alarm reference", "version": 1, "reference": recorded, "anchor": recorded}, out)
        run = alarm("--repository", self.folder)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn("does not have the commit 0123456789", run.stderr)

    def test_the_committed_history_can_be_shown(self):
        if subprocess.run(["git", "-C", SOURCES, "rev-parse"], capture_output=True, check=False).returncode != 0:
            self.skipTest("the sources are in no git repository")
        page = self.path("history.html")
        run = alarm("--history", page, "--repository", SOURCES)
        self.assertEqual(run.returncode, 0, run.stderr)
        with open(page, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("<svg", text)
        self.assertIn("What each figure varies by", text)

    def test_the_committed_references_can_be_read(self):
        with open(os.path.join(SOURCES, "bench/alarm/reference.json"), encoding="utf-8") as file:
            references = json.load(file)
        for which in ("reference", "anchor"):
            self.assertGreater(len(references[which]["figures"]), 10)
            self.assertTrue(references[which]["reason"])


if __name__ == "__main__":
    result = unittest.main(argv=[sys.argv[0], *sys.argv[4:]], exit=False).result
    sys.exit(1 if not result.wasSuccessful() or result.testsRun == 0 else 77 if result.skipped else 0)
