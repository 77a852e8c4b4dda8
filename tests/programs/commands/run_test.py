# SPDX-License-Identifier: MIT
"""Tests `ashlar run`: the command behaves as without it, except for its malloc.

usage: run_test.py ASHLAR LIBRARY PROGRAMS"""
import os
import pty
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

ASHLAR, LIBRARY, PROGRAMS = map(os.path.abspath, sys.argv[1:4])
LIBRARY = os.path.realpath(LIBRARY)
MODES = ([], ["--verbose"])
CLEAN = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASHLAR_CONF")}
LIMIT = 60


def start(arguments, environment=None, **options):
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.Popen([ASHLAR, "run", *arguments], text=True, stderr=subprocess.PIPE,
                            env={**CLEAN, **(environment or {})}, **options)


def run(arguments, environment=None, **options):
    with start(arguments, environment, **options) as process:
        out, err = process.communicate(timeout=LIMIT)
    return process.returncode, out, err


def shell(script, mode=(), environment=None, **options):
    return run([*mode, "--", "sh", "-c", script], environment, **options)


class Passing(unittest.TestCase):
    """Runs with and without --verbose."""

    def test_exit_status_and_streams(self):
        for mode in MODES:
            status, out, err = shell("cat; echo word >&2; exit 7", mode, stdin=subprocess.DEVNULL)
            self.assertEqual((status, out), (7, ""), mode)
            self.assertIn("word\n", err)
        status, out, _ = run(["--verbose", "--", "cat"], stdin=open(__file__, encoding="utf-8"))
        self.assertEqual(out, open(__file__, encoding="utf-8").read())

    def test_closed_descriptors_stay_closed(self):
        for mode in MODES:
            script = f'exec {ASHLAR} run {" ".join(mode)} -- sh -c "test ! -e /proc/self/fd/0 && test -e /proc/self/fd/1" <&-'
            done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=LIMIT, env=CLEAN, check=False)
            self.assertEqual(done.returncode, 0, (mode, done.stderr))

    def test_end_by_signal(self):
        for mode in MODES:
            for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
                self.assertEqual(shell(f"kill -{number.value} $$", mode)[0], -number, mode)

    def test_signal_reaches_the_command(self):
        for mode in MODES:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
                name = number.name[3:]
                with start([*mode, "--", "sh", "-c", f"trap 'echo {name}; exit 9' {name}; echo ready; "
                            "while :; do read line || exit 1; done"], stdin=subprocess.PIPE) as process:
                    self.assertEqual(process.stdout.readline(), "ready\n")
                    process.send_signal(number)
                    process.wait(timeout=LIMIT)  # its stdin stays open, so only the signal ends it
                    out = process.stdout.read()
                self.assertEqual((process.returncode, out), (9, name + "\n"), (mode, number))

    def test_stop_and_continue(self):
        for mode in MODES:
            with start([*mode, "--", "sh", "-c", "kill -STOP $$; echo resumed; exit 5"]) as process:
                _, status = os.waitpid(process.pid, os.WUNTRACED)
                self.assertTrue(os.WIFSTOPPED(status), mode)
                os.kill(process.pid, signal.SIGCONT)
                out, _ = process.communicate(timeout=LIMIT)
                self.assertEqual((process.returncode, out), (5, "resumed\n"), mode)

    def test_terminal_interrupts_the_command(self):
        for mode in MODES:
            pid, terminal = pty.fork()
            if pid == 0:
                os.execve(ASHLAR, [ASHLAR, "run", *mode, "--", "sh", "-c",
                                   "trap 'exit 6' INT; echo ready; while read line; do :; done"], CLEAN)
            seen = b""
            while b"ready" not in seen:
                seen += os.read(terminal, 1000)
            os.write(terminal, b"\x03")
            while select.select([terminal], [], [], LIMIT)[0]:
                try:
                    if not os.read(terminal, 1000):
                        break
                except OSError:  # the other end is closed
                    break
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 6, mode)
            os.close(terminal)

    def test_stop_from_the_terminal(self):
        """Tests Ctrl-Z and fg in an interactive shell."""
        for mode in MODES:
            pid, terminal = pty.fork()
            if pid == 0:
                os.execve("/bin/bash", ["bash", "--norc", "-i"], {**CLEAN, "PS1": "", "TERM": "dumb"})
            command = " ".join([ASHLAR, "run", *mode, "--", "sh", "-c", "'echo re''ady; read word; echo got-$word; exit 8'"])
            for send, expected in ((command + "\n", b"ready\r\n"), ("\x1a", b"Stopped"), ("echo sta''tus=$?; fg\n", b"status="),
                                   ("thing\n", b"got-thing"), ("echo co''de=$?\n", b"code=8"), ("exit\n", b"exit")):
                os.write(terminal, send.encode())
                seen = b""
                while expected not in seen:
                    self.assertTrue(select.select([terminal], [], [], LIMIT)[0], (mode, expected, seen))
                    seen += os.read(terminal, 1000)
            os.waitpid(pid, 0)
            os.close(terminal)

    def test_own_failures(self):
        with tempfile.NamedTemporaryFile() as text:
            for mode in MODES:
                status, _, err = run([*mode, "--", "/no/such/command"])
                self.assertEqual(status, 127)
                self.assertIn("/no/such/command: No such file", err)
                status, _, err = run([*mode, "--", text.name])
                self.assertEqual(status, 126)
                self.assertIn("Permission denied", err)
        for arguments, complaint in (
                ([], "no command is given"), (["--unknown", "--", "true"], "--unknown"),
                (["--library", "/no/such.so", "--", "true"], "/no/such.so"),
                (["--library", __file__, "--", "true"], "no shared library"),
                (["--library", os.path.join(PROGRAMS, "libblock_maker.so"), "--", "true"], "does not define malloc"),
                (["--conf", "thread_cach:1m", "--", "true"], '"thread_cache"'),
                (["--conf", "window:many", "--", "true"], "window:many")):
            status, out, err = run(arguments)
            self.assertEqual((status, out), (125, ""), arguments)
            self.assertIn(complaint, err)

    def test_command_that_is_named_like_ours(self):
        status, out, _ = run(["--", ASHLAR, "run", "--", "echo", "bench", "--", "--verbose"])
        self.assertEqual((status, out), (0, "bench -- --verbose\n"))
        status, out, _ = run(["echo", "-n", "--conf"])
        self.assertEqual((status, out), (0, "--conf"))


    def test_words_stay_as_they_are(self):
        words = ["[a,b]", "", "[]", "{}", "%%", "-x", "--", "--verbose", "a b", "[ ]"]
        expected = "".join(word + "|" for word in words)
        for mode in MODES:
            for dashes in ([], ["--"]):
                for library in ([], ["--library", LIBRARY], ["--library=" + LIBRARY]):
                    arguments = [*mode, *library, *dashes, "printf", "%s|", *words]
                    self.assertEqual(run(arguments)[:2], (0, expected), arguments)
        self.assertEqual(run(["--", "run"])[0], 127)
        self.assertEqual(run(["--library", LIBRARY, "--"])[0], 125)


class Preloading(unittest.TestCase):
    def test_the_command_takes_our_place(self):
        with start(["--", "sh", "-c", "echo $$"]) as process:
            self.assertEqual(process.communicate(timeout=LIMIT)[0], f"{process.pid}\n")

    def test_library_is_mapped(self):
        self.assertIn(LIBRARY, run(["--", "cat", "/proc/self/maps"])[1])

    def test_others_are_kept_behind_ours(self):
        other = os.path.join(PROGRAMS, "libother_malloc.so")
        _, out, err = shell("echo $LD_PRELOAD", environment={"LD_PRELOAD": other})
        self.assertEqual(out, f"{LIBRARY}:{other}\n")
        self.assertIn(f"{LIBRARY}:{other}", err)
        _, out, err = shell("echo $LD_PRELOAD", environment={"LD_PRELOAD": f"{other} {LIBRARY}"})
        self.assertEqual(out, f"{LIBRARY}:{other}\n")
        _, out, err = shell("echo $LD_PRELOAD", environment={"LD_PRELOAD": LIBRARY})
        self.assertEqual((out, err), (LIBRARY + "\n", ""))

    def test_settings_come_last(self):
        _, out, _ = shell("echo $ASHLAR_CONF", ["--conf", "prewarm:true"], {"ASHLAR_CONF": "prewarm:false"})
        self.assertEqual(out, "prewarm:false,prewarm:true\n")
        _, _, err = run(["--conf", "print:true,thread_cache:5k", "--", "true"])
        self.assertIn("thread_cache:5120 (ASHLAR_CONF)", err)

    def test_path_that_cannot_be_said(self):
        with tempfile.TemporaryDirectory(suffix=" with blanks") as folder:
            copy = shutil.copy(LIBRARY, folder)
            status, _, err = run(["--library", copy, "--", "true"])
        self.assertEqual(status, 125)
        self.assertIn("blank", err)


class Verbose(unittest.TestCase):
    SCRIPT = "ls / >/dev/null; env -i ls / >/dev/null; (:); exit 3"

    def check(self, wrapper):
        command = [*wrapper, ASHLAR, "run", "--verbose", "--", "sh", "-c", self.SCRIPT]
        done = subprocess.run(command, env=CLEAN, capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(done.returncode, 3, done.stderr)
        return done.stderr

    def test_every_process_is_told(self):
        err = self.check([])
        if "tracing is not permitted" in err:
            self.skipTest("no ptrace here")
        self.assertIn("loaded in 3 of 4 processes", err)
        self.assertEqual(len(re.findall(r"\d+  loaded  .*ls /\n", err)), 1, err)
        self.assertEqual(len(re.findall(r"\d+  not loaded  .*ls /\n", err)), 1, err)
        self.assertEqual(len(re.findall(r"\d+  loaded  .*sh.* -c", err)), 2, err)  # including its fork

    def test_without_ptrace(self):
        self.SCRIPT = "while [ -d /proc/$PPID ] && read line; do :; done; exit 3"
        with subprocess.Popen([os.path.join(PROGRAMS, "without_ptrace"), ASHLAR, "run", "--verbose", "--",
                               os.path.join(PROGRAMS, "calls_malloc"), "wait"], env=CLEAN, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            # The check comes within 0.1 s, and gives no other sign.
            select.select([process.stderr], [], [], 1)
            _, err = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("loaded in the process", err)
        self.assertIn("tracing is not permitted", err)

    def test_threads_and_processes_at_once(self):
        script = ("import subprocess, threading\n"
                  "def work():\n"
                  "    for _ in range(5): subprocess.run(['true'], check=True)\n"
                  "threads = [threading.Thread(target=work) for _ in range(4)]\n"
                  "[t.start() for t in threads]; [t.join() for t in threads]")
        status, _, err = run(["--verbose", "--", sys.executable, "-c", script])
        self.assertEqual(status, 0, err)
        if "tracing is not permitted" not in err:
            self.assertIn("loaded in all 21 processes", err)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main(argv=sys.argv[:1], verbosity=2)
