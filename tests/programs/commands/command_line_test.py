# SPDX-License-Identifier: MIT
"""Tests the command line of ashlar: its messages about mistakes, and their first lines.

usage: command_line_test.py ASHLAR LIBRARY"""
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

ASHLAR, LIBRARY = map(os.path.abspath, sys.argv[1:3])
LIMIT = 60


def ashlar(*arguments, program=ASHLAR, wrapper=(), **options):
    return subprocess.run([*wrapper, program, *arguments], capture_output=True, text=True, timeout=LIMIT, check=False, **options)


def on_terminal(*arguments, environment=None, columns=80):
    """Returns what a command writes to a terminal that is its standard output and standard error."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
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

    def test_nothing_is_given(self):
        """The message names the missing thing, a line to copy, and further reading."""
        python = "python3 script.py"
        for words, status, reason, example in (
                ([], 2, "no command is given; there are run, doctor,", f"run -- {python}"),
                (["run"], 125, "no command is given; name one", f"run -- {python}"),
                (["run", "--"], 125, "no command is given; name one", f"run -- {python}"),
                (["doctor"], 2, "name a command with its arguments, behind --, or the number of a process", "doctor -- ./server --config test.conf"),
                (["compare"], 2, "no command is given; name one", f"compare -- {python}"),
                (["compare", "--rounds", "5", "--"], 2, "no command is given; name one", f"compare -- {python}"),
                (["repeat"], 2, "no command is given; name one", "repeat --times 500 --timeout 10 -- ./tests --filter queue"),
                (["budget"], 2, "no command is given; name one", "budget --max-peak 64M -- ./server --self-test"),
                (["stats"], 2, "no process is given; name one by its number, as `pgrep -a NAME`", "stats 1234"),
                (["report"], 2, "no file is given", "bench --json result.json && ashlar report result.json")):
            done = ashlar(*words)
            self.assertEqual((done.returncode, done.stdout), (status, ""), words)
            name = " ".join(["ashlar", *words[:1]])
            self.assertRegex(done.stderr, rf"^{name}: .*{re.escape(reason)}.*\n  example: ashlar {re.escape(example)}\nSee: ashlar help", words)

    def test_limits_and_recordings_are_missing(self):
        for words, reason, example in ((["budget", "--", "true"], "ashlar budget: no limit is given;", "budget --max-peak 64M -- ./server --self-test"),
                                       (["profile"], "ashlar profile: nothing to profile is given;", "profile -- python3 script.py"),
                                       (["profile", "true", "x"], "ashlar profile: there is no file true;", "profile -- true x")):
            done = ashlar(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertRegex(done.stderr, rf"^{reason}.*\n  example: ashlar {re.escape(example)}\n$")

    def test_a_program_in_place_of_a_command(self):
        self.assertEqual(ashlar("ls", "-l").stderr, "ashlar: there is no command ls\n  example: ashlar run -- ls -l\nSee: ashlar help\n")
        self.assertNotIn("example", ashlar("ls", "a b").stderr)

    def test_a_command_line_as_one_word(self):
        for command, status, form in (("run", 127, "-- no such"), ("doctor", 127, "-- no such"), ("compare", 127, "--command 'no such'")):
            done = ashlar(command, "--", "no such")
            self.assertEqual((done.returncode, done.stderr), (
                status, f"ashlar {command}: no such: No such file or directory\n  example: ashlar {command} {form}\n"))

    def test_a_value_is_missing(self):
        self.assertIn("ashlar run: --conf needs a value: SETTINGS\n", ashlar("run", "--conf").stderr)
        self.assertIn("ashlar compare: --rounds needs a value: N\n", ashlar("compare", "--rounds").stderr)

    def test_no_such_process(self):
        for command, status in (("stats", 1), ("doctor", 2)):
            done = ashlar(command, "999999999")
            self.assertEqual(done.returncode, status)
            self.assertRegex(done.stderr, f"^ashlar {command}: there is no process 999999999; `pgrep -a NAME`")

    def test_help_on_a_command_without_commands(self):
        self.assertRegex(ashlar("help", "run", "x").stderr, "^ashlar help: ashlar run has no commands of its own")

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


class Width(unittest.TestCase):
    """On a terminal sentences are wrapped to its width. Elsewhere each sentence is one line."""

    def check(self, arguments, columns, stays="$^"):
        lines = on_terminal(*arguments, environment={"NO_COLOR": "1"}, columns=columns).replace("\r\n", "\n").splitlines()
        for line in lines:
            if not re.search(stays, line):
                self.assertLessEqual(len(line), columns, line)
        return lines

    def test_mistakes(self):
        for columns in (60, 80):
            lines = self.check(["compare", "--allocators", "nonsense", "--", "true"], columns)
            self.assertGreater(len(lines), 1)
            done = ashlar("compare", "--allocators", "nonsense", "--", "true")
            self.assertEqual(" ".join(lines) + "\n", done.stderr)

    def test_findings_with_remedies(self):
        with tempfile.TemporaryDirectory() as folder:
            missing = os.path.join(folder, "a" * 80, "libashlar.so")
            environment = {"LD_PRELOAD": missing}
            piped = ashlar("doctor", "--", "true", env={**os.environ, **environment}).stdout
            lines = on_terminal("doctor", "--", "true", environment={**environment, "NO_COLOR": "1"}, columns=60).splitlines()
        self.assertIn(f"not loaded: LD_PRELOAD names {missing}, and there is no such file\n", piped)
        self.assertTrue(any(missing in line for line in lines), lines)
        self.assertTrue(any("`ashlar run`" in line for line in lines), lines)

    def test_commands_to_copy(self):
        lines = self.check(["doctor", "--", "true"], 50, stays=r"^  command: |^ +\d+  |: /|^preload: |/")
        self.assertTrue(lines[0].startswith("loaded in the process"))

    def test_verdicts_and_notes(self):
        lines = self.check(["compare", "--allocators", "ashlar", "--rounds", "1", "--", "true"], 60, stays=r"  +\S+  +|^\r|\x1b\[K")
        self.assertIn("A/A is System compared with itself: only differences that", lines)

    def test_one_line_in_a_pipe(self):
        self.assertIn("A/A is System compared with itself: only differences that are larger count.\n",
                      ashlar("compare", "--allocators", "ashlar", "--rounds", "1", "--", "true", env={**os.environ, "COLUMNS": "60"}).stdout)


class Comparison(unittest.TestCase):
    COMPARE = ["compare", "--allocators", "ashlar", "--rounds", "1"]

    def test_verdict_first_and_the_machine_on_request(self):
        text = ashlar(*self.COMPARE, "--", "true").stdout
        self.assertTrue(text.startswith("Verdict: "), text)
        self.assertNotIn("libashlar.so", text)
        verbose = ashlar(*self.COMPARE, "--verbose", "--", "true").stdout
        self.assertIn(os.path.realpath(LIBRARY), verbose.split("Verdict: ")[0])

    def test_a_command_that_is_too_short(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "true.json")
            text = ashlar("compare", "--allocators", "ashlar", "--rounds", "9", "--json", file, "--", "true").stdout
            with open(file, encoding="utf-8") as written:
                fastest = min(sample["wall_seconds"] for sample in json.load(written)["samples"] if sample["round"] != 0)
        if fastest < 0.005:  # a busy machine may take longer
            self.assertRegex(text, r"Caution: a run takes \d\.\d ms, .*for 50 ms at least")
        else:
            self.assertNotIn("Caution", text)
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
        # Eleven runs of two seconds: the estimate is printed after the first; then the command is interrupted.
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
