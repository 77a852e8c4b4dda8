# SPDX-License-Identifier: MIT
"""Runs ashlar compare and ashlar repeat with commands that misbehave in every way. Each has its line in the table.
The runner ends on time, leaves no process or file behind and reports the error.

usage: command_test.py PART ASHLAR CRASH_AT_START OWN_MALLOC STATIC_PROGRAM"""
import csv
import glob
import io
import json
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

PART, ASHLAR, CRASH_AT_START, OWN_MALLOC, STATIC_PROGRAM = sys.argv[1:6]
signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background ignores it
AMPLE = 250  # seconds; no run of these tests takes a tenth of it
PYTHON = sys.executable
# Libraries in place of allocators: they are mapped, without effect.
HARMLESS = next(line.split()[-1] for line in open("/proc/self/maps", encoding="ascii")
                if re.search(r"/libc\.so\.6$", line.rstrip()))


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.result = os.path.join(self.folder, "result.json")

    def ashlar(self, *arguments, status=0):
        run = subprocess.run([ASHLAR, *arguments], capture_output=True, text=True, timeout=AMPLE, check=False,
                             cwd=self.folder, env={**os.environ, "TMPDIR": self.folder})
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run

    def compare(self, *command, options=(), rounds=2, status=0):
        """Returns the printed text, errors included, and the stored result."""
        run = self.ashlar("compare", "--rounds", str(rounds), "--json", self.result, *options, "--", *command,
                          status=status)
        with open(self.result, encoding="utf-8") as file:
            return run.stdout + run.stderr, json.load(file)

    def stacks(self, name):
        """Returns the text of the only file of stacks whose name begins with `name`; the rest of the name is random."""
        files = glob.glob(os.path.join(glob.escape(self.folder), name + "-??????.txt"))
        self.assertEqual(len(files), 1, os.listdir(self.folder))
        with open(files[0], encoding="utf-8") as file:
            return file.read()

    def assert_gone(self, *words):
        """Checks that no process has one of these in its command line. A killed process may take a moment to end."""
        deadline = time.monotonic() + 30
        while True:
            left = [line for line in command_lines() if any(word in line for word in words)]
            if not left:
                return
            self.assertLess(time.monotonic(), deadline, left)
            time.sleep(0.01)


def command_lines():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                yield file.read().replace("\0", " ")
        except OSError:
            pass  # has just ended


class Misbehaviour(Command):
    def test_sleeps_for_ever(self):
        text, result = self.compare("sleep", "98761", options=["--allocators", "system", "--timeout", "0.5"],
                                    rounds=1, status=1)
        self.assertRegex(text, "sleep 98761 fails under System, so there is nothing to compare: timed out; "
                               r"the stacks of its threads are in .*hang-System-.*\.txt")
        self.assertEqual(len(result["samples"]), 1)
        self.assertIn("timed out", result["samples"][0]["failure"])
        self.assertIn("comm: sleep", self.stacks("hang-System-sleep-98761-round-0"))
        self.assert_gone("98761")

    def test_stacks_of_two_comparisons_do_not_collide(self):
        for _ in range(2):
            self.ashlar("compare", "--rounds", "1", "--allocators", "system", "--timeout", "0.5", "--", "sleep", "98772",
                        status=1)
        files = glob.glob(os.path.join(self.folder, "hang-System-sleep-98772-round-0*.txt"))
        self.assertEqual(len(files), 2, os.listdir(self.folder))

    def test_hanging_child_is_in_the_stacks(self):
        self.compare("sh", "-c", "sleep 98760; true",
                     options=["--allocators", "system", "--timeout", "0.5"], rounds=1, status=1)
        text = self.stacks("hang-System-sh--c-sleep-98760--true-round-0")
        self.assertIn("comm: sh", text)
        self.assertIn("comm: sleep", text)
        self.assert_gone("98760")

    def test_leaves_grandchildren(self):
        text, _ = self.compare("sh", "-c", "sleep 98762 & setsid sleep 98763 & exit 0",
                               options=["--allocators", "system"])
        self.assertRegex(text, r"(?m)^System +\d")
        self.assert_gone("98762", "98763")

    def test_hangs_with_a_grandchild_in_a_session_of_its_own(self):
        text, _ = self.compare("sh", "-c", "setsid sleep 98764 & sleep 98765",
                               options=["--allocators", "system", "--timeout", "0.5"], rounds=1, status=1)
        self.assertIn("timed out", text)
        self.assert_gone("98764", "98765")

    def test_eats_memory_up_to_a_limit(self):
        eat = "blocks = []\nwhile True: blocks.append(bytes(1 << 20))"
        text, _ = self.compare("sh", "-c", f"ulimit -v 400000; exec {PYTHON} -c '{eat}'",
                               options=["--allocators", f"other={HARMLESS}"], status=1)
        self.assertRegex(text, r"nothing to compare: exit status 1\nWhat it printed last:\n(.*\n)*  \| MemoryError\n")

    def test_prints_gigabytes(self):
        text, result = self.compare("head", "-c", "2000000000", "/dev/zero",
                                    options=["--allocators", "system"], rounds=1)
        self.assertRegex(text, r"(?m)^System +\d")
        self.assertEqual([sample.get("failure") for sample in result["samples"]], [None] * 3)
        # The output went through the runner, which did not keep it.
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 200 << 10)

    def test_missing_command_is_not_tried(self):
        for command, why, status in [("/no/such/command", "No such file or directory", 127),
                                     ("no-such-command", "No such file or directory", 127),
                                     ("/etc/passwd", "Permission denied", 126), ("/etc", "Permission denied", 126)]:
            run = self.ashlar("compare", "--allocators", f"other={HARMLESS}", "--json", self.result, "--", command,
                              status=status)
            self.assertEqual((run.stdout, run.stderr), ("", f"ashlar compare: {command}: {why}\n"))
            self.assertFalse(os.path.exists(self.result))

    def test_command_that_a_step_makes(self):
        made = os.path.join(self.folder, "made")
        self.compare(made, options=["--allocators", "system", "--prepare", f"cp {shutil.which('true')} {made}"])

    def test_script_whose_interpreter_is_missing(self):
        script = os.path.join(self.folder, "script")
        with open(script, "w", encoding="ascii") as file:
            file.write("#!/no/such/interpreter\n")
        os.chmod(script, 0o755)
        text, _ = self.compare(script, options=["--allocators", "system"], status=127)
        self.assertIn("nothing to compare: could not be run: No such file or directory", text)

    def test_command_that_fails_is_run_once_and_shown(self):
        script = "echo run >>runs; echo first >&2; echo last >&2; exit 3"
        run = self.ashlar("compare", "--allocators", f"other={HARMLESS}", "--json", self.result, "--", "sh", "-c", script,
                          status=1)
        self.assertRegex(run.stderr, r"^sh -c .* fails under System, so there is nothing to compare: exit status 3\n"
                                     r"What it printed last:\n  \| first\n  \| last\n$")
        self.assertNotIn("Verdict", run.stdout)
        with open(os.path.join(self.folder, "runs"), encoding="ascii") as file:
            self.assertEqual(file.read(), "run\n")
        with open(self.result, encoding="utf-8") as file:
            self.assertEqual([sample["errors"] for sample in json.load(file)["samples"]], ["first\nlast"])

    def test_command_that_fails_later_is_named_once(self):
        # It fails in every run but the first. After three failures under System the rest is skipped.
        text, result = self.compare("sh", "-c", "echo >>runs; test $(wc -l <runs) -eq 1 || exit 5", rounds=9, status=1,
                                    options=["--allocators", "system"])
        self.assertEqual(text.count("exit status 5"), 1, text)
        self.assertEqual(len([sample for sample in result["samples"] if sample["contender"] == 0]), 1 + 3)

    def test_failures_that_are_ignored(self):
        for option, script, status in [
                ("--ignore-failure", "exit 3", 0), ("--ignore-failure=1,3", "exit 3", 0), ("--ignore-failure=3", "exit 0", 0),
                ("--ignore-failure=1,2", "exit 3", 1), ("--ignore-failure", "kill -TERM $$", 1)]:
            with self.subTest(option=option, script=script):
                text, result = self.compare("sh", "-c", script, status=status, options=[option, "--allocators", "system"])
                self.assertEqual("Verdict" in text, status == 0, text)
                self.assertEqual(any("failure" in sample for sample in result["samples"]), status == 1)
        for value in ["x", "1,", "1,x", "-1", "256"]:
            self.assertIn("--ignore-failure", self.ashlar("compare", f"--ignore-failure={value}", "--", "true",
                                                          status=2).stderr)
        # The word after the option is the command, not the option's value.
        self.ashlar("compare", "--rounds", "1", "--allocators", "system", "--ignore-failure", "sh", "-c", "exit 3")

    def test_allocator_that_crashes_at_start(self):
        text, result = self.compare("true", options=["--allocators", f"crash={CRASH_AT_START}"], status=1)
        self.assertRegex(text, r"(?m)^System +\d")
        self.assertRegex(text, r"(?m)^crash +failed")
        self.assertRegex(text, r"!  crash, warm-up, round 1, round 2: killed by SIGABRT")
        self.assertIn("crash: nothing that can be compared", text)
        self.assertEqual(len([sample for sample in result["samples"] if sample["contender"] == 1]), 3)

    def test_library_that_cannot_be_loaded(self):
        library = os.path.join(self.folder, "text.so")
        with open(library, "w", encoding="ascii") as file:
            file.write("no library")
        text, result = self.compare("true", options=["--allocators", f"text={library}"], status=1)
        self.assertRegex(text, r"!  text, warm-up: its library was not in the memory of the command: .*text\.so")
        # It is not tried again: System's malloc would have run.
        self.assertEqual(len([sample for sample in result["samples"] if sample["contender"] == 1]), 1)

    def test_wrong_arguments(self):
        for arguments, part in [
                ([], "no command"), (["--less-is-better", "--", "true"], "--metric"),
                (["--duet", "--prepare", "true", "--", "true"], "--prepare"),
                (["--duet", "--server", "true", "--", "true"], "--server"),
                (["--metric", "x(", "--", "true"], "regular expression"), (["--metric", "x", "--", "true"], "group"),
                (["--allocators", "nonesuch", "--", "true"], "nonesuch"),
                (["--json", "/no/such/folder/x", "--", "true"], "--json"),
                (["--resume", "/no/such/file"], "--resume"), (["--rounds", "0", "--", "true"], "--rounds"),
                (["--timeout", "nan", "--", "true"], "nan")]:
            with self.subTest(arguments=arguments):
                self.assertIn(part, self.ashlar("compare", *arguments, status=2).stderr)


class OwnAllocators(Command):
    def test_program_that_defines_malloc(self):
        text, _ = self.compare(OWN_MALLOC, options=["--allocators", f"other={HARMLESS}"], status=1)
        self.assertRegex(text, r"!  other, warm-up: \S+own_malloc has a malloc of its own")
        self.assertIn("other: nothing that can be compared", text)

    def test_repeat_says_so_too(self):
        for program, why in [(OWN_MALLOC, "own_malloc has a malloc of its own"), (STATIC_PROGRAM, "is static")]:
            run = self.ashlar("repeat", "--times", "3", "--allocator", f"other={HARMLESS}", "--", program, status=2)
            self.assertRegex(run.stderr, f"--allocator other={re.escape(HARMLESS)}: .*{why}")
            self.assertNotIn("runs failed", run.stdout)
            self.assertIn("0 of 3 runs failed", self.ashlar("repeat", "--times", "3", "--", program).stdout)

    def test_static_program(self):
        text, _ = self.compare(STATIC_PROGRAM, options=["--allocators", f"other={HARMLESS}"], status=1)
        self.assertRegex(text, r"!  other, warm-up: its library was not in the memory.*is static")

    def test_program_that_is_linked_with_an_allocator(self):
        # A library that the program opens itself, with such a name, serves like a linked one.
        library = os.path.join(self.folder, "libjemalloc.so.2")
        with open(CRASH_AT_START.replace("crash_at_start", "slower_malloc"), "rb") as source:
            with open(library, "wb") as file:
                file.write(source.read())
        text, result = self.compare(PYTHON, "-c", f"import ctypes; ctypes.CDLL('{library}')",
                                    options=["--allocators", f"other={HARMLESS}"])
        self.assertIn(f"is linked with an allocator of its own, {library}", text)
        self.assertEqual(result["system_preload"], HARMLESS)


# Listens on a Unix socket. Each serving process holds the given memory, and takes 0.1 s of CPU time for each
# connection, one after the other.
SERVER = """
import os, socket, sys, time
path, size, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if kind == 'daemon':
    if os.fork(): os._exit(0)
    os.setsid()
    if os.fork(): os._exit(0)
if kind == 'linked':
    import ctypes
    ctypes.CDLL(sys.argv[4])
if os.path.exists(path): os.remove(path)
def serve(server):
    memory = b'x' * (size << 20)
    while True:
        connection, _ = server.accept()
        end = time.process_time() + 0.1
        while time.process_time() < end: pass
        connection.sendall(b'%d' % len(memory))
        if kind == 'dies': os._exit(7) # the client ends when its end of the line does
        connection.close()
with socket.socket(socket.AF_UNIX) as server:
    server.bind(path)
    server.listen()
    if kind == 'workers':
        for _ in range(2):
            if os.fork() == 0: serve(server)
        while True: os.wait()
    serve(server)
"""
CLIENT = """
import socket, sys
with socket.socket(socket.AF_UNIX) as client:
    client.connect(sys.argv[1])
    print('answer =', client.recv(100).decode())
    client.recv(1)
"""


class Server(Command):
    def setUp(self):
        super().setUp()
        self.server = os.path.join(self.folder, "server.py")
        self.client = os.path.join(self.folder, "client.py")
        for path, text in [(self.server, SERVER), (self.client, CLIENT)]:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)

    def with_server(self, kind, *arguments, start="", after="", options=(), status=0):
        server = f"{start} {PYTHON} {self.server} socket 64 {kind} {' '.join(arguments)} {after}"
        return self.compare(PYTHON, self.client, "socket", status=status,
                            options=["--allocators", f"other={HARMLESS}", "--server", server, *options])

    def test_server_is_there_and_is_what_is_measured(self):
        # Any starter, number of processes and parent is supported.
        for start, kind, after in [("exec", "plain", ""), ("", "plain", ""), ("true;", "plain", "; true"),
                                   ("", "plain", "& sleep 98773 & exit 0"), ("", "workers", ""), ("exec", "workers", ""),
                                   ("", "daemon", ""), ("exec", "daemon", "")]:
            with self.subTest(start=start, kind=kind, after=after):
                text, result = self.with_server(kind, start=start, after=after, options=["--metric", "answer = ([0-9]+)"])
                self.assertNotIn("failed", text)
                self.assertNotIn("allocator of its own", text)
                self.assertEqual(len(result["samples"]), 2 + 3 * 2)
                for sample in result["samples"]:
                    self.assertEqual(sample["own_figure"], 64 << 20)
                    self.assertGreater(sample["peak_rss_kib"], 64 << 10)
                    self.assertGreater(sample["user_seconds"] + sample["system_seconds"], 0.1)
                    self.assertIn(sample.get("library_mapped"), [True, None])
                self.assert_gone(self.server, "98773")

    def test_allocator_of_the_server_is_not_its_shells(self):
        library = os.path.join(self.folder, "libjemalloc.so.2")
        with open(CRASH_AT_START.replace("crash_at_start", "slower_malloc"), "rb") as source:
            with open(library, "wb") as file:
                file.write(source.read())
        for start in ["", "exec"]:
            text, result = self.with_server("linked", library, start=start)
            self.assertIn(f"{os.path.realpath(PYTHON)} is linked with an allocator of its own, {library}", text)
            self.assertEqual(text.count("allocator of its own"), 1)
            self.assertEqual(result["system_preload"], HARMLESS)

    def test_server_that_ends_at_once(self):
        for script, why in [("true", "ended before it listened on a socket; a step that ends is given with --prepare"),
                            ("echo why >&2; exit 3", "exit status 3: why"),
                            ("sleep 98777 & echo why >&2; exit 3", "exit status 3: why")]:
            text, result = self.compare("true", options=["--allocators", "system", "--server", script], status=1)
            self.assertIn("nothing to compare: the server: ", text)
            self.assertIn(why.split(":", maxsplit=1)[0], text)
            self.assertIn(why, result["samples"][0]["failure"])
            self.assertEqual(len(result["samples"]), 1)
        self.assert_gone("98777")

    def test_server_that_a_step_starts_is_told_what_to_write(self):
        # Syntax without --server, as in older versions. The command may stay, or leave the server behind.
        for kind, after in [("plain", ""), ("plain", "& exit 0"), ("daemon", "")]:
            line = f"{PYTHON} {self.server} socket 1 {kind} {after}"
            for option, what in [("--prepare", "prepares"), ("--setup", "sets up")]:
                with self.subTest(kind=kind, after=after, option=option):
                    text, result = self.compare(PYTHON, self.client, "socket", status=1,
                                                options=["--allocators", "system", option, line])
                    self.assertIn(f"the command that {what} starts a server, which --server does; write: "
                                  f"--server '{line}'", text)
                    self.assertEqual(len(result["samples"]), 1)
                    self.assert_gone(self.server)
                    os.remove(os.path.join(self.folder, "socket"))

    def test_server_that_does_not_get_ready(self):
        for script in ["echo why >&2; sleep 98766", "echo why >&2; sleep 98766 & exit 0"]:
            text, result = self.compare("true", rounds=1, status=1, options=[
                "--allocators", "system", "--server", script, "--timeout", "0.5"])
            self.assertIn("the server: it did not listen on a socket in time", text)
            self.assertIn("What it printed last:\n  | why\n", text)
            self.assertEqual(len(result["samples"]), 1)
        self.assert_gone("98766")

    def test_server_that_dies_on_the_way(self):
        for start in ["", "exec"]:
            text, _ = self.with_server("dies", start=start, status=1)
            self.assertIn("the server: it ended during the run: exit status 7", text)


class Commands(Command):
    """Several commands in one comparison, and parameters."""

    def names(self, *arguments, rounds=1, allocators="system"):
        run = self.ashlar("compare", "--rounds", str(rounds), "--allocators", allocators, "--json", self.result, *arguments)
        with open(self.result, encoding="utf-8") as file:
            self.last = json.load(file)
        self.text = run.stdout
        return [configuration["name"] for configuration in self.last["configurations"]]

    def test_parameters_are_combined_and_filled_in(self):
        self.assertEqual(self.names("-L", "size", "1,20", "--parameter-list", "mode", r"a\,b,{size}", "--", "echo",
                                    "{mode}", "n={size}", "{other}", "{}"),
                         ["echo a,b n=1 {other} {}", "echo {size} n=1 {other} {}",
                          "echo a,b n=20 {other} {}", "echo {size} n=20 {other} {}"])
        configurations = self.last["configurations"]
        self.assertEqual(configurations[1]["command"], ["echo", "{size}", "n=1", "{other}", "{}"])
        self.assertEqual(configurations[1]["parameters"], {"size": "1", "mode": "{size}"})
        self.assertEqual({configuration["group"] for configuration in configurations}, {"echo {mode} n={size} {other} {}"})

    def test_every_command_under_every_allocator_one_after_the_other(self):
        self.ashlar("compare", "--rounds", "2", "--allocators", f"other={HARMLESS}", "--json", self.result, "--command",
                    "echo figure 1 && true", "--command", "echo figure 2", "--metric", "figure (.)", "--", "echo", "figure 3")
        with open(self.result, encoding="utf-8") as file:
            samples = json.load(file)["samples"]
        self.assertEqual([sample["configuration"] for sample in samples], [0] * 8 + [1] * 8 + [2] * 8)
        for sample in samples:
            self.assertEqual(sample["own_figure"], sample["configuration"] + 1)
        for place in range(3):
            own = [sample for sample in samples if sample["configuration"] == place]
            self.assertEqual(sorted(sample["contender"] for sample in own), [0, 0, 0, 1, 1, 1, 2, 2])

    def test_ratios_are_within_one_command(self):
        # The second command takes ten times as long under both, so all ratios are near 1.
        self.names("-L", "time", "0.02,0.2", "--", "sleep", "{time}", rounds=5, allocators=f"other={HARMLESS}")
        medians = []
        for configuration in self.last["configurations"]:
            figures = configuration["result"]["by_contender"][1]["wall_seconds"]
            medians.append(figures["median"])
            self.assertLess(abs(figures["to_system"]["median"] - 1), 0.5)
            self.assertIn("choice", configuration["verdict"])
        self.assertGreater(medians[1], 3 * medians[0])
        for name in ("sleep 0.02", "sleep 0.2"):
            self.assertRegex(self.text, rf"(?m)^{name}( \*)? +\d")  # a line of a table
            self.assertRegex(self.text, rf"(?m)^  {name}: (keep System|other)")  # the verdict for it
        self.assertIn("sleep {time}, geometric mean", self.text)

    def test_names(self):
        self.assertEqual(self.names("-n", "first {x}", "-n", "second", "-L", "x", "1,2", "--command", "true {x}", "--command",
                                    "true"),
                         ["first 1", "first 2", "second (x = 1)", "second (x = 2)"])
        long = "true " + "x" * 60
        self.assertEqual(self.names("--command", long), [long[:37] + "..."])
        self.assertEqual(self.names("--command", long, "--command", long + "y", "--command", long),
                         [long, long + "y", long + " #2"])

    def test_what_does_not_fit_together(self):
        for arguments, part in [
                (["-L", "x", "1", "--", "true"], "{x} is in no command"),
                (["-L", "x", "1", "-L", "x", "2", "--", "true", "{x}"], "x is given twice"),
                (["-n", "a", "-n", "b", "--", "true"], "2 names for 1 commands"),
                (["-p", "a", "-p", "b", "--", "true"], "2 steps for 1 commands"),
                (["-w", "0", "--", "true"], "--warmup"), (["-L", "x"], "parameter-list")]:
            with self.subTest(arguments=arguments):
                self.assertIn(part, self.ashlar("compare", *arguments, status=2).stderr)

    def test_command_line_without_its_option(self):
        run = self.ashlar("compare", "sort -n file", status=127)
        self.assertIn("sort -n file: No such file", run.stderr)
        self.assertIn("--command 'sort -n file'", run.stderr)

    def test_one_that_fails_does_not_stop_the_others(self):
        text = self.ashlar("compare", "--rounds", "1", "--allocators", "system", "--json", self.result, "-L", "status", "3,0",
                           "--command", "exit {status}", status=1).stdout
        self.assertIn("!  exit 3 under System, warm-up: exit status 3", text)
        self.assertRegex(text, r"(?m)^exit 0( \*)? +\d")
        with open(self.result, encoding="utf-8") as file:
            self.assertEqual([sample["configuration"] for sample in json.load(file)["samples"]], [0, 1, 1, 1])

    def test_report_shows_the_parameter(self):
        self.names("-L", "time", "0.01,0.02", "--", "sleep", "{time}", rounds=5, allocators=f"other={HARMLESS}")
        page = os.path.join(self.folder, "page.html")
        self.ashlar("report", self.result, "--html", page)
        with open(page, encoding="utf-8") as file:
            text = file.read()
        for part in ("By parameter", "<h3>Wall time: sleep {time}</h3>", "<h3>Peak RSS: sleep {time}</h3>",
                     "<dt>sleep 0.02</dt>"):
            self.assertIn(part, text)


class Steps(Command):
    """hyperfine's steps, in its order."""

    def log(self):
        path = os.path.join(self.folder, "log")
        with open(path, encoding="ascii") as file:
            lines = file.read().split("\n")[:-1]
        os.remove(path)
        return lines

    def run_logged(self, *options, status=0):
        return self.ashlar("compare", "--rounds", "1", "--allocators", "system", "--json", self.result, *options, status=status)

    def test_order(self):
        self.run_logged("-L", "x", "1,2", "--setup", "echo setup {x} >>log", "--prepare", "echo prepare {x} >>log",
                        "--cleanup", "echo cleanup {x} >>log", "--warmup", "2", "--command", "echo run {x} >>log")
        # Two of the warm-up, and System twice in the round.
        self.assertEqual(self.log(), [line for x in "12" for line in
                                      [f"setup {x}", *[f"prepare {x}", f"run {x}"] * 4, f"cleanup {x}"]])

    def test_a_step_for_each_command(self):
        self.run_logged("-p", "echo a >>log", "-p", "echo b >>log", "--command", "true", "--command", "exit 0")
        self.assertEqual(self.log(), ["a"] * 3 + ["b"] * 3)

    def test_steps_are_neither_measured_nor_under_the_allocator(self):
        step = f"test -z \"$LD_PRELOAD\" && {PYTHON} -c \"x = b'x' * (64 << 20)\""
        _, result = self.compare("sh", "-c", "test $0 = 0 || exit 1", "0",
                                 options=["--allocators", f"other={HARMLESS}", "-s", step, "-p", step, "-c", step])
        self.assertEqual(result["remarks"], [])
        for sample in result["samples"]:
            self.assertNotIn("failure", sample)
            self.assertLess(sample["peak_rss_kib"], 64 << 10)
            self.assertLess(sample["user_seconds"], 1)

    def test_setup_that_fails(self):
        run = self.run_logged("-L", "x", "1,2", "--setup", "echo why >&2; test {x} = 2", "--cleanup", "echo cleanup >>log",
                              "--command", "echo run {x} >>log", status=1)
        self.assertIn("!  echo run 1 >>log under System, warm-up: the command that sets up: exit status 1: why", run.stdout)
        self.assertEqual(self.log(), ["cleanup", "run 2", "run 2", "run 2", "cleanup"])

    def test_prepare_that_fails(self):
        for script in ["echo why >&2; exit 3", "sleep 98777 & echo why >&2; exit 3"]:
            text, result = self.compare("true", options=["--allocators", "system", "--prepare", script], status=1)
            self.assertIn("nothing to compare: the command that prepares: exit status 3\nWhat it printed last:\n  | why\n", text)
            self.assertEqual(len(result["samples"]), 1)
        self.assert_gone("98777")

    def test_cleanup_that_fails_is_a_remark(self):
        run = self.run_logged("--cleanup", "echo why >&2; exit 3", "--", "true")
        self.assertIn("true: the command that cleans up: exit status 3: why", run.stdout)

    def test_what_a_step_leaves_is_ended(self):
        self.run_logged("--setup", "sleep 98778 & exit 0", "--prepare", "setsid sleep 98779 & exit 0", "--command",
                        "command -v pgrep && ! pgrep -f '^sleep 9877[89]'")
        self.assert_gone("98778", "98779")

    def test_cleanup_after_an_interrupt_and_setup_again(self):
        arguments = ["--setup", "echo setup {x} >>log", "--cleanup", "echo cleanup {x} >>log", "-L", "x", "0,0.05"]
        with subprocess.Popen([ASHLAR, "compare", "--allocators", "system", "--rounds", "30", "--json", self.result,
                               *arguments, "--command", "echo >>runs{x}; sleep {x}"], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            begun = os.path.join(self.folder, "runs0.05")
            deadline = time.monotonic() + AMPLE
            while not os.path.exists(begun):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=AMPLE)
            self.assertEqual(run.returncode, 128 + signal.SIGINT)
        self.assertEqual(self.log(), ["setup 0", "cleanup 0", "setup 0.05", "cleanup 0.05"])
        self.ashlar("compare", "--resume", self.result)
        self.assertEqual(self.log(), ["setup 0.05", "cleanup 0.05"])
        with open(self.result, encoding="utf-8") as file:
            whole = json.load(file)
        self.assertTrue(whole["complete"])
        self.assertEqual(len(whole["samples"]), 2 * (1 + 2 * 30))
        with open(os.path.join(self.folder, "runs0"), encoding="ascii") as file:
            self.assertEqual(file.read().count("\n"), 1 + 2 * 30)


class Precondition(Command):
    MIB = 64

    def aged(self, *command, options=(), status=0):
        return self.compare(*command, status=status, options=["--allocators", f"other={HARMLESS}", "--precondition",
                                                              str(self.MIB), *options])

    def test_a_tenth_lives_when_the_program_begins(self):
        text, result = self.aged("grep", "VmRSS", "/proc/self/status", options=["--metric", r"VmRSS:\s+(\d+)"])
        self.assertIn(f"Each heap is aged first: {self.MIB} MiB", text)
        self.assertNotIn("of all processes", text)  # it would be the peak of ageing
        self.assertEqual(result["precondition_mib"], self.MIB)
        for sample in result["samples"]:
            self.assertNotIn("failure", sample)
            self.assertGreater(sample["own_figure"], self.MIB * 1024 // 10)

    def test_what_ageing_takes_is_taken_off(self):
        _, result = self.aged("true")
        for sample in result["samples"]:
            self.assertLess(sample["minor_faults"], self.MIB * 256 // 2)  # each of its pages takes one fault

    def test_peak_counts_from_then_on(self):
        # The addresses of the blocks, 3 MiB, were outside the heap and are gone.
        show = "/VmHWM/ {peak = $2} /VmRSS/ {print \"gone\", peak - $2}"
        _, result = self.aged("awk", show, "/proc/self/status", options=["--metric", r"gone (\d+)"])
        for sample in result["samples"]:
            self.assertLess(sample["own_figure"], 2 << 10)

    def test_children_and_servers_are_aged(self):
        server = "import socket\nwith socket.socket(socket.AF_UNIX) as s:\n s.bind('socket'); s.listen(); s.accept()"
        _, result = self.aged("sh", "-c", "true; env grep VmRSS /proc/self/status; rm socket",
                              options=["--metric", r"VmRSS:\s+(\d+)", "--server", f"{PYTHON} -c \"{server}\""])
        for sample in result["samples"]:
            self.assertNotIn("failure", sample)
            self.assertGreater(sample["own_figure"], self.MIB * 1024 // 10)
            self.assertLess(sample["minor_faults"], self.MIB * 256)

    def test_what_cannot_be_aged(self):
        text, _ = self.aged(STATIC_PROGRAM, status=1)
        self.assertIn("its heap was not aged, as ashlar-precondition.so was not loaded", text)
        text, _ = self.aged("sh", "-c", "ulimit -v 60000; exec env true", status=1)
        self.assertIn(f"its heap was not aged, as malloc refused some of {self.MIB} MiB", text)

    def test_baseline_is_of_the_same_heaps(self):
        self.ashlar("compare", "--rounds", "5", "--allocators", "system", "--precondition", "1", "--json", "a.json", "--", "true")
        error = self.ashlar("compare", "--rounds", "5", "--allocators", "system", "--baseline", "a.json", "--", "true",
                            status=2).stderr
        self.assertIn("give --precondition 1", error)

    def test_nothing_is_left_behind(self):
        self.aged("true")
        self.assertEqual(os.listdir(self.folder), ["result.json"])


class Exports(Command):
    def export(self, *options, status=0):
        return self.ashlar("compare", "--rounds", "5", "--allocators", f"other={HARMLESS}", "-L", "x", "0,0.01", *options,
                           "--", "sleep", "{x}", status=status)

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def test_all_three(self):
        run = self.export("--export-csv", "a.csv", "--export-json", "a.json", "--export-markdown", "a.md")
        self.assertIn("Verdict", run.stdout)
        lines = list(csv.DictReader(io.StringIO(self.read("a.csv"))))
        results = json.loads(self.read("a.json"))["results"]
        table = self.read("a.md").splitlines()
        self.assertEqual(list(lines[0])[:8], ["command", "mean", "stddev", "median", "user", "system", "min", "max"])
        expected = [(f"sleep {x}", allocator, x) for x in ("0", "0.01") for allocator in ("System", "other")]
        self.assertEqual([(line["name"], line["allocator"], line["parameter_x"]) for line in lines], expected)
        self.assertEqual([(each["name"], each["allocator"], each["parameters"]["x"]) for each in results], expected)
        self.assertEqual([tuple(cell.strip() for cell in row.split("|")[1:3]) for row in table[2:]],
                         [(name, allocator) for name, allocator, _ in expected])
        for line, each in zip(lines, results):
            self.assertEqual(line["command"], f"{line['name']} under {line['allocator']}")
            self.assertEqual(each["command"], line["command"])
            self.assertEqual(len(each["times"]), 10 if line["allocator"] == "System" else 5)
            self.assertEqual(len(each["memory_usage_byte"]), len(each["times"]))
            for key, value in [("mean", statistics.mean(each["times"])), ("stddev", statistics.stdev(each["times"])),
                               ("median", statistics.median(each["times"])), ("min", min(each["times"])),
                               ("max", max(each["times"]))]:
                self.assertAlmostEqual(each[key], value)
                self.assertAlmostEqual(float(line[key]), value)
            self.assertGreater(each["mean"], float(line["parameter_x"]))
            self.assertEqual(each["relative"] is None, line["allocator"] == "System")
            self.assertEqual(line["relative"] == "", line["allocator"] == "System")

    def test_standard_output(self):
        run = self.export("--export-csv", "-", "--json", "b.json")
        self.assertEqual(len(list(csv.DictReader(io.StringIO(run.stdout)))), 4)
        self.assertIn("only one file", self.export("--export-csv", "-", "--json", "-", status=2).stderr)
        self.assertIn("--export-json", self.export("--export-json", "/no/such/folder/x", status=2).stderr)

    def test_beside_resume(self):
        self.export("--json", "c.json")
        self.ashlar("compare", "--resume", "c.json", "--export-json", "d.json")
        self.assertEqual(len(json.loads(self.read("d.json"))["results"]), 4)


class Interruption(Command):
    def interrupted(self, *options, number=signal.SIGINT):
        """Starts a long comparison, and interrupts it after its first round."""
        with subprocess.Popen([ASHLAR, "compare", "--allocators", f"other={HARMLESS}", "--rounds", "40", "--json",
                               self.result, *options, "--", "sleep", "0.05"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            deadline = time.monotonic() + AMPLE
            while not os.path.exists(self.result) and time.monotonic() < deadline:
                time.sleep(0.01)
            run.send_signal(number)
            out, _ = run.communicate(timeout=AMPLE)
            self.assertEqual(run.returncode, 128 + number)
            self.assertIn(f"Interrupted by {number.name}: this is what there is", out)
            return out

    def interrupted_in(self, script, name, number, *arguments):
        """Returns the output if the signal arrives while a helper program runs. The script, which runs in its place,
        reads `started` to learn that a line has begun."""
        tool = os.path.join(self.folder, name)
        started = os.path.join(self.folder, "started")
        with open(tool, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\necho >>{started}\n{script}\n")
        os.chmod(tool, 0o755)
        with subprocess.Popen([ASHLAR, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              cwd=self.folder,
                              env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "TMPDIR": self.folder}) as run:
            deadline = time.monotonic() + AMPLE
            while not os.path.exists(started):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            run.send_signal(number)
            out, err = run.communicate(timeout=AMPLE)
        self.assertEqual(run.returncode, 128 + number, out + err)
        with open(started, encoding="ascii") as file:
            return out, file.read().count("\n")

    def test_before_the_first_run(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            out, _ = self.interrupted_in("exec sleep 98774", "sha256sum", number,
                                         "compare", "--allocators", "system", "--json", self.result, "--", "true")
            self.assertIn(f"Interrupted by {number.name}: no run has ended yet", out)
            self.assertFalse(os.path.exists(self.result))
            os.remove(os.path.join(self.folder, "started"))
        out, _ = self.interrupted_in("exec sleep 98774", "mine", signal.SIGTERM,
                                     "repeat", "--allocator", f"other={HARMLESS}", "--", os.path.join(self.folder, "mine"))
        self.assertIn("Interrupted by SIGTERM: 0 of 100 runs were made", out)
        self.assert_gone("98774")

    def test_while_the_debugger_looks(self):
        # Three processes hang. The debugger hangs over the first, and is not run for the others.
        out, asked = self.interrupted_in(
            "exec sleep 98775", "gdb", signal.SIGTERM, "compare", "--allocators", "system", "--timeout", "0.5",
            "--", "sh", "-c", "sleep 98776 & sleep 98776 & wait")
        self.assertEqual(asked, 1)
        self.assertIn("timed out", out)
        self.assert_gone("98775", "98776")

    def test_what_is_ignored_stays_ignored(self):
        with subprocess.Popen(["nohup", ASHLAR, "compare", "--allocators", "system", "--rounds", "1", "--", "sh", "-c",
                               f"echo >>{self.result}; sleep 0.3"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
            deadline = time.monotonic() + AMPLE
            while not os.path.exists(self.result):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            run.send_signal(signal.SIGHUP)
            out, _ = run.communicate(timeout=AMPLE)
            self.assertEqual(run.returncode, 0, out)

    def load(self):
        with open(self.result, encoding="utf-8") as file:
            return json.load(file)

    def test_partial_result_is_gone_on_with(self):
        self.assertIn("--resume", self.interrupted())
        partial = self.load()
        self.assertFalse(partial["complete"])
        self.assertGreaterEqual(len(partial["samples"]), 2)
        self.assertLess(len(partial["samples"]), 2 + 3 * 40)
        self.assertEqual(os.listdir(self.folder), ["result.json"])

        self.ashlar("compare", "--resume", self.result)
        whole = self.load()
        self.assertTrue(whole["complete"])
        self.assertEqual(whole["samples"][:len(partial["samples"])], partial["samples"])
        places = [(sample["round"], sample["contender"]) for sample in whole["samples"]]
        self.assertEqual(len(places), 2 + 3 * 40)
        self.assertEqual(len(set(places)), len(places))

        # The same seed gives the same order without an interruption.
        self.ashlar("compare", "--allocators", f"other={HARMLESS}", "--rounds", "40", "--json", self.result, "--",
                    "true")
        self.assertEqual([(sample["round"], sample["contender"]) for sample in self.load()["samples"]], places)

    def test_terminated_is_said_to_be_so(self):
        self.interrupted(number=signal.SIGTERM)

    def test_settings_beside_resume_are_refused(self):
        self.interrupted()
        before = self.load()
        for options in [["--rounds", "3"], ["--duet"], ["--seed", "1"], ["--allocators", "system"], ["--metric", "(.)"],
                        ["--baseline-only"], ["--prepare", "true"]]:
            error = self.ashlar("compare", "--resume", self.result, *options, status=2).stderr
            self.assertIn(f"leave out {options[0]},", error)
        for options, name in [(["--quick"], "--quick"), (["larson"], "workloads"), (["--threads", "1"], "--threads")]:
            self.assertIn(f"leave out {name},", self.ashlar("bench", "--resume", self.result, *options, status=2).stderr)
        self.assertEqual(self.load(), before)

        other = os.path.join(self.folder, "other.json")
        self.ashlar("compare", "--resume", self.result, "--json", other, "--timeout", "77", "--", "sleep", "0.05")
        self.assertEqual(self.load(), before)
        with open(other, encoding="utf-8") as file:
            whole = json.load(file)
        self.assertTrue(whole["complete"])
        self.assertEqual(whole["time_limit_ms"], 77000)

    def test_what_does_not_fit_is_refused(self):
        self.interrupted()
        before = self.load()
        self.assertIn("another command", self.ashlar("compare", "--resume", self.result, "--", "true", status=2).stderr)
        self.assertIn("no result of ashlar bench",
                      self.ashlar("bench", "--resume", self.result, status=2).stderr)
        changed = json.loads(json.dumps(before))
        changed["contenders"][1]["sha256"] = "0" * 64
        with open(self.result, "w", encoding="utf-8") as file:
            json.dump(changed, file)
        self.assertIn("SHA-256", self.ashlar("compare", "--resume", self.result, status=2).stderr)
        self.assertEqual(self.load(), changed)

    def test_killed_runner_takes_the_commands_with_it(self):
        with subprocess.Popen([ASHLAR, "compare", "--allocators", "system", "--", "sh", "-c", "sleep 98768; true"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            deadline = time.monotonic() + AMPLE
            while not any(line.startswith("sleep 98768") for line in command_lines()):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            run.kill()
        self.assert_gone("98768")


class Duet(Command):
    def test_both_run_at_once_on_a_processor_each(self):
        if len(os.sched_getaffinity(0)) < 2:
            print("a duet needs two processors")
            sys.exit(77)
        show = "import os; print('on', *os.sched_getaffinity(0))"
        _, result = self.compare(PYTHON, "-c", show,
                                 options=["--allocators", f"other={HARMLESS}", "--duet", "--metric", r"on (\d+)"])
        self.assertTrue(result["duet"])
        bouts = {}
        for sample in result["samples"]:
            if sample["round"] > 0:
                self.assertNotIn("failure", sample)
                bouts.setdefault((sample["round"], sample["bout"]), {})[sample["contender"]] = sample["own_figure"]
        self.assertEqual(set(bouts), {(1, 1), (1, 2), (2, 1), (2, 2)})
        for (number, bout), processors in bouts.items():
            self.assertEqual(set(processors), {0, bout})
            self.assertNotEqual(processors[0], processors[bout])
            if number == 2:
                self.assertEqual(processors[0], bouts[1, bout][bout])
                self.assertEqual(processors[bout], bouts[1, bout][0])


class Figures(Command):
    def test_result_on_the_standard_output(self):
        run = self.ashlar("compare", "--allocators", "system", "--rounds", "2", "--json", "-", "--", "true")
        self.assertEqual(len(json.loads(run.stdout)["samples"]), 1 + 2 * 2)
        self.assertEqual(os.listdir(self.folder), [])

    def test_closed_standard_descriptors(self):
        script = f"exec {ASHLAR} compare --allocators system --rounds 1 --json {self.result} -- sh -c 'test -r /dev/fd/0' "
        for closed, status in [("<&-", 0), ("<&- 2>&-", 0), ("<&- >&- 2>&-", 1)]:  # the output is lost
            run = subprocess.run(["sh", "-c", script + closed], capture_output=True, text=True, timeout=AMPLE, check=False)
            self.assertEqual(run.returncode, status, run.stdout + run.stderr)
            with open(self.result, encoding="utf-8") as file:
                self.assertEqual([sample.get("failure") for sample in json.load(file)["samples"]], [None] * 3)

    def test_last_match_counts_wherever_it_is_printed(self):
        show = "printf 'rate: 1\\nrate: 2.5 x rate: 30.25\\nend\\n' >&2"
        _, result = self.compare("sh", "-c", show, options=["--allocators", "system", "--metric", "rate: ([0-9.]+)"])
        self.assertEqual({sample["own_figure"] for sample in result["samples"]}, {30.25})

    def test_figure_that_is_missing(self):
        text, _ = self.compare("true", options=["--allocators", "system", "--metric", "rate: (.*)"], status=1)
        self.assertIn("nothing that it printed matches 'rate: (.*)'", text)

    def test_arguments_arrive_as_they_are(self):
        show = "import sys; sys.exit(sys.argv[1:] != ['[a,b]', '', '--rounds', '--', 'x y'])"
        self.compare(PYTHON, "-c", show, "[a,b]", "", "--rounds", "--", "x y", options=["--allocators", "system"])

    def test_memory_over_time_is_followed(self):
        grow = "import time\nblocks = []\nfor _ in range(30): blocks.append(b'x' * (1 << 20)); time.sleep(0.02)"
        _, result = self.compare(PYTHON, "-c", grow, options=["--allocators", "system"])
        curves = [sample["rss_over_time"] for sample in result["samples"] if sample["round"] > 0]
        self.assertEqual(len(curves), 4)
        for curve in curves:
            self.assertGreater(len(curve), 5)
            self.assertLessEqual(len(curve), 200)
            self.assertEqual(curve, sorted(curve))
            self.assertGreater(max(kib for _, kib in curve), curve[0][1] + (5 << 10))


class Baseline(Command):
    def setUp(self):
        super().setUp()
        self.baseline = os.path.join(self.folder, "baseline.json")
        self.addCleanup(os.environ.pop, "RATE", None)

    def rate(self, rate, *options, status=0):
        """A command that prints the environment's RATE as its figure, but 100 under System."""
        os.environ["RATE"] = rate
        return self.ashlar("compare", "--allocators", f"mine={HARMLESS}", "--rounds", "5", "--metric", "rate: ([0-9.]+)",
                           *options, "--", "sh", "-c", "case $LD_PRELOAD in '') echo rate: 100;; *) echo rate: $RATE;; esac",
                           status=status)

    def test_the_same_passes_and_less_fails(self):
        self.rate("100", "--json", self.baseline)
        self.rate("97", "--baseline", self.baseline, "--fail-on", "5%")
        run = self.rate("80", "--baseline", self.baseline, "--fail-on", "5%", status=1)
        self.assertIn("worse", run.stdout)
        self.rate("80", "--baseline", self.baseline, "--fail-on", "30")

    def test_another_command_is_not_judged(self):
        self.rate("100", "--json", self.baseline)
        run = self.ashlar("compare", "--allocators", f"mine={HARMLESS}", "--rounds", "5", "--baseline", self.baseline, "--",
                          "true", status=1)
        self.assertIn("nothing was judged", run.stderr)

    def test_bad_baselines(self):
        for words, sentence in ((["--baseline", "/no/such/file"], "cannot read"), (["--baseline", "/etc/passwd"], "--baseline"),
                                (["--baseline", "/etc/passwd", "--rounds", "3"], "5 rounds"),
                                (["--fail-on", "much"], "fail-on")):
            self.assertIn(sentence, self.ashlar("compare", *words, "--", "true", status=2).stderr)


class Repeat(Command):
    def test_rate_of_failures(self):
        count = os.path.join(self.folder, "count")
        # Every third run fails.
        script = f"echo x >>{count}; test $(($(wc -l <{count}) % 3)) -ne 0 || {{ echo why >&2; exit 5; }}"
        text = self.ashlar("repeat", "--times", "9", "--", "sh", "-c", script, status=1).stdout
        self.assertIn("3 of 9 runs failed: 33.33 % (95 % interval 12.06 to 64.58 %)", text)
        self.assertIn("3 times: exit status 5", text)
        self.assertIn("run 6: exit status 5: why", text)

    def test_stop_on_failure(self):
        script = "echo >>runs; test $(wc -l <runs) -ne 3"
        text = self.ashlar("repeat", "--times", "9", "--stop-on-failure", "--", "sh", "-c", script, status=1).stdout
        self.assertIn("run 3: exit status 1", text)
        self.assertIn("1 of 3 runs failed", text)
        self.assertIn("Stopped at the first failure: 3 of 9 runs were made.", text)
        text = self.ashlar("repeat", "--times", "2", "--stop-on-failure", "--", "true").stdout
        self.assertIn("0 of 2 runs failed", text)
        self.assertNotIn("Stopped", text)

    def test_no_failure(self):
        text = self.ashlar("repeat", "--times", "20", "--", "true").stdout
        self.assertIn("0 of 20 runs failed: 0.00 % (95 % interval 0.00 to 16.11 %)", text)

    def test_hang_leaves_its_stacks(self):
        text = self.ashlar("repeat", "--times", "2", "--timeout", "0.5", "--stacks", self.folder, "--", "sleep",
                           "98767", status=1).stdout
        self.assertIn("2 times: timed out", text)
        files = re.findall(r"the stacks of its threads are in (\S+)", text)
        self.assertEqual(len(set(files)), 2)
        for name in files:
            with open(name, encoding="utf-8") as file:
                self.assertIn("comm: sleep", file.read())
        self.assert_gone("98767")

    def test_options_end_where_the_command_begins(self):
        text = self.ashlar("repeat", "--times", "2", "sh", "-c", "test $0 = --times", "--times", "9").stdout
        self.assertIn("0 of 2 runs failed", text)

    def test_crash_is_named(self):
        text = self.ashlar("repeat", "--times", "2", "--allocator", f"other={HARMLESS}", "--", "sh", "-c",
                           "kill -SEGV $$", status=1).stdout
        self.assertIn("2 times: killed by SIGSEGV (Segmentation fault)", text)

    def test_what_cannot_be_run(self):
        self.assertIn("No such file", self.ashlar("repeat", "--", "/no/such/command", status=127).stderr)
        self.assertIn("Permission", self.ashlar("repeat", "--", "/etc/passwd", status=126).stderr)
        self.assertIn("no command", self.ashlar("repeat", status=2).stderr)
        self.assertIn("no folder", self.ashlar("repeat", "--stacks", "/no/such", "--", "true", status=2).stderr)
        library = os.path.join(self.folder, "text.so")
        with open(library, "w", encoding="ascii") as file:
            file.write("no library")
        for command in ("true", "false"):
            self.assertIn("its library was not in the memory of the command: ERROR: ld.so",
                          self.ashlar("repeat", "--allocator", f"text={library}", "--", command, status=2).stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", PART])
