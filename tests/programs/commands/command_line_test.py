# SPDX-License-Identifier: MIT
"""The command line of ashlar: what it says about mistakes, and what stands first.

usage: command_line_test.py ASHLAR LIBRARY"""
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ASHLAR, LIBRARY = map(os.path.abspath, sys.argv[1:3])
LIMIT = 60


def ashlar(*arguments, program=ASHLAR, wrapper=(), **options):
    return subprocess.run([*wrapper, program, *arguments], capture_output=True, text=True, timeout=LIMIT, check=False, **options)


def on_terminal(*arguments, environment=None):
    """What is written to a terminal, as both the standard output and the standard error."""
    outer, inner = pty.openpty()
    with subprocess.Popen([ASHLAR, *arguments], stdin=inner, stdout=inner, stderr=inner, env={**os.environ, "TERM": "xterm", **(environment or {})}) as process:
        os.close(inner)
        text = b""
        while True:
            try:
                piece = os.read(outer, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            text += piece
    os.close(outer)
    return text.decode()


class Mistakes(unittest.TestCase):
    def test_help_on_nothing_lists_what_there_is(self):
        self.assertRegex(ashlar("help", "nonsense").stderr, r"there is no command nonsense\nashlar has run, ")

    def test_what_was_meant(self):
        for arguments, complaint, meant in (
                (["bnch"], "no command bnch", "bench"), (["comapre", "--", "true"], "no command comapre", "compare"),
                (["help", "compar"], "no command compar", "compare"), (["help", "bench", "lock"], "no command lock", "locks"),
                (["--verson"], "no option --verson", "--version"), (["compare", "--alocators", "x", "--", "true"], "no option --alocators", "--allocators"),
                (["bench", "--qick"], "no option --qick", "--quick"), (["stats", "--jsn", "1"], "no option --jsn", "--json"),
                (["doctor", "--timout=3", "--", "true"], "no option --timout", "--timeout"),
                (["bench", "lason"], "'lason' is neither a workload", "larson"), (["alarm", "--gates", "memori"], "memori", "memory"),
                (["compare", "--allocators", "mimaloc", "--", "true"], "'mimaloc'", "mimalloc")):
            done = ashlar(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn(complaint, done.stderr)
            self.assertIn(f"did you mean {meant}?", done.stderr)

    def test_settings(self):
        done = ashlar("run", "--conf", "dirty_limt:1m", "--", "true")
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr, "did you mean ['\"]dirty_limit['\"]")

    def test_run_has_its_own_status(self):
        done = ashlar("run", "--libary", "x", "--", "true")
        self.assertEqual(done.returncode, 125)
        self.assertIn("ashlar run: there is no option --libary; did you mean --library?\nSee: ashlar help run\n", done.stderr)

    def test_nothing_far_off_is_suggested(self):
        for arguments in (["xyzzy"], ["compare", "--xyzzy", "--", "true"]):
            done = ashlar(*arguments)
            self.assertEqual(done.returncode, 2)
            self.assertIn("xyzzy", done.stderr)
            self.assertNotIn("did you mean", done.stderr)

    def test_no_command(self):
        done = ashlar()
        self.assertEqual(done.returncode, 2)
        self.assertIn("no command is given; there are run, doctor,", done.stderr)
        self.assertIn("no commands of its own", ashlar("help", "run", "x").stderr)

    def test_options_of_a_users_command_are_its_own(self):
        done = ashlar("run", "--", "echo", "--alocators")
        self.assertEqual((done.returncode, done.stdout), (0, "--alocators\n"))


class Places(unittest.TestCase):
    def test_a_prefix_with_a_blank(self):
        with tempfile.TemporaryDirectory() as folder:
            place = os.path.join(folder, "my programs")
            os.makedirs(os.path.join(place, "bin"))
            os.makedirs(os.path.join(place, "lib"))
            program = shutil.copy(ASHLAR, os.path.join(place, "bin"))
            shutil.copy(os.path.realpath(LIBRARY), os.path.join(place, "lib", "libashlar.so.0"))
            for arguments, status in ((["run", "--", "true"], 125), (["compare", "--allocators", "ashlar", "--", "true"], 2)):
                done = ashlar(*arguments, program=program)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn("a blank or a colon", done.stderr)

    def test_without_proc(self):
        hidden = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
        if os.geteuid() != 0 or subprocess.run([*hidden, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("needs root, who may hide /proc")
        for arguments, status in ((["run", "--", "true"], 125), (["doctor", "--", "true"], 125), (["compare", "--", "true"], 1)):
            done = ashlar(*arguments, wrapper=hidden)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertIn("/proc is missing", done.stderr)
            self.assertIn("mount -t proc proc /proc", done.stderr)
        self.assertEqual(ashlar("help", "run", wrapper=hidden).returncode, 0)


class Colour(unittest.TestCase):
    COMMAND = ["doctor", "--", "true"]

    def test_only_on_a_terminal_and_only_if_wanted(self):
        self.assertNotIn("\033", ashlar(*self.COMMAND).stdout)
        self.assertRegex(on_terminal(*self.COMMAND), r"^\033\[32mloaded in the process\033\[0m")
        for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertTrue(on_terminal(*self.COMMAND, environment=variables).startswith("loaded in the process"))


class Comparison(unittest.TestCase):
    COMPARE = ["compare", "--allocators", "ashlar", "--rounds", "1"]

    def test_verdict_first_and_the_machine_on_request(self):
        text = ashlar(*self.COMPARE, "--", "true").stdout
        self.assertTrue(text.startswith("Verdict: "), text)
        self.assertNotIn("libashlar.so", text)
        verbose = ashlar(*self.COMPARE, "--verbose", "--", "true").stdout
        self.assertIn(os.path.realpath(LIBRARY), verbose.split("Verdict: ")[0])

    def test_a_command_that_is_too_short(self):
        # The fastest of nine runs decides, so that other work on the machine does not.
        self.assertRegex(ashlar("compare", "--allocators", "ashlar", "--rounds", "9", "--", "true").stdout, r"Caution: a run takes \d\.\d ms, .*for 50 ms at least")
        self.assertNotIn("Caution", ashlar(*self.COMPARE, "--", "sleep", "0.02").stdout)

    def test_tables_fit(self):
        for columns in (60, 80):
            done = ashlar("compare", "--allocators", "ashlar", "--rounds", "5", "--", "true", env={**os.environ, "COLUMNS": str(columns)})
            lines = done.stdout.splitlines()
            rules = [index for index, line in enumerate(lines) if re.fullmatch("-+(  -+)+", line)]
            self.assertGreater(len(rules), 1)
            for index in rules:
                self.assertLessEqual(max(map(len, lines[index - 1:index + 4])), columns)

    def test_own_figure_by_its_name(self):
        command = ["sh", "-c", "echo speed: 12.5"]
        text = ashlar(*self.COMPARE, "--metric", "speed: ([0-9.]+)", "--metric-name", "requests", "--metric-unit", "1/s", "--", *command).stdout
        self.assertRegex(text, r"(?m)^ +requests, in 1/s +Wall time")
        self.assertIn("requests 1.0", text)
        self.assertIn("--metric picks", ashlar(*self.COMPARE, "--metric-name", "x", "--", "true").stderr)

    def test_progress(self):
        text = on_terminal("compare", "--allocators", "ashlar", "--rounds", "3", "--", "true")
        self.assertRegex(text, r"\[#+\.+\] +\d+ %  about \d+ s left  round 2/3: true, ")
        self.assertEqual(ashlar(*self.COMPARE, "--", "true").stderr, "")

    def test_estimate_before_it_runs_on(self):
        # Eleven runs of two seconds: said after the first, and then interrupted.
        outer, inner = pty.openpty()
        with subprocess.Popen([ASHLAR, "compare", "--allocators", "ashlar", "--rounds", "3", "--", "sleep", "2"], stdout=subprocess.DEVNULL,
                              stderr=inner) as process:
            os.close(inner)
            text = b""
            while b"Ctrl-C" not in text:
                text += os.read(outer, 4096)
            process.send_signal(2)
            process.wait(LIMIT)
        os.close(outer)
        self.assertRegex(text.decode(), r"11 runs, about [2-9]\d s; Ctrl-C keeps what there is")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
