# SPDX-License-Identifier: MIT
"""Tests `ashlar top` in a terminal (tmux): its screen and its keys.

usage: top_test.py ASHLAR LIBRARY PROGRAMS"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ASHLAR, LIBRARY, PROGRAMS = map(os.path.abspath, sys.argv[1:4])
CLEAN = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASHLAR_CONF", "TMUX", "NO_COLOR")}
LIMIT = 60
SKIPPED = 77


class Target:
    def __init__(self, *words, conf=""):
        self.child = subprocess.Popen([os.path.join(PROGRAMS, "memory_shapes"), *words], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, env=dict(CLEAN, LD_PRELOAD=LIBRARY, ASHLAR_CONF=conf))
        assert self.child.stdout.readline() == b"ready\n"
        self.pid = self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.wait(LIMIT)


class Screen:
    """Runs a command in a terminal of its own."""

    def __init__(self, *command, columns=100, rows=40, environment=""):
        self.folder = tempfile.TemporaryDirectory()
        self.socket = os.path.join(self.folder.name, "socket")
        self.status = os.path.join(self.folder.name, "status")
        words = " ".join([environment, *command])
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows),
                  f"{words} 2>{self.folder.name}/errors; echo $? >{self.status}.part; mv {self.status}.part {self.status}; cat")

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-f", "/dev/null", "-S", self.socket, *arguments], env=dict(CLEAN, TERM="xterm"),
                              capture_output=True, text=True, timeout=LIMIT, check=True).stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")
        self.folder.cleanup()

    def text(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def wait_for(self, pattern):
        """Polls, because tmux does not report changes of a screen."""
        end = time.monotonic() + LIMIT
        while not re.search(pattern, self.text()):
            assert time.monotonic() < end, f"{pattern} is not on the screen:\n{self.text()}"
            time.sleep(0.02)
        return self.text()

    def ended(self):
        end = time.monotonic() + LIMIT
        while not os.path.exists(self.status):
            assert time.monotonic() < end, f"has not ended:\n{self.text()}"
            time.sleep(0.02)
        with open(self.status, encoding="ascii") as file, open(self.folder.name + "/errors", encoding="utf-8") as errors:
            return int(file.read()), errors.read()


class One(unittest.TestCase):
    def test_process_alone(self):
        with Target("fragmented") as target, Screen(ASHLAR, "top", str(target.pid), "--delay", "0.2") as screen:
            text = screen.wait_for(r"refills/s")
            self.assertIn(f"process {target.pid} (memory_shapes)", text)
            self.assertRegex(text, r"free in slabs +5\d\.\d MiB +8\d %")
            self.assertRegex(text, r"files +1\.\d MiB")
            self.assertRegex(text, r" 512 B +16384 ")
            self.assertRegex(text, rf"\n *{target.pid}  memory_shapes +\d+\.\d %")
            self.assertRegex(screen.wait_for(r"==="), r"\.|=|#")  # the history grows to the left
            screen.press("Escape")  # no list to return to
            screen.press("q")
            self.assertEqual(screen.ended(), (0, ""))

    def test_rates_and_threads_of_a_busy_process(self):
        with Target("cache_in_use") as target, Screen(ASHLAR, "top", str(target.pid), "-d", "0.2") as screen:
            screen.wait_for(r"~alloc/s ~[1-9][\d.]* [KMG]iB")
            screen.wait_for(r"memory_shapes +\d\d+\.\d %")
            screen.press("P")
            screen.press("N")
            first = screen.wait_for(r"class +blocks[^\n]*\n +\d+ B")
            sizes = [int(size) for size in re.findall(r"\n +(\d+) B", first)]
            self.assertEqual(sizes, sorted(sizes))
            screen.press("R")
            screen.wait_for(r"class +blocks[^\n]*\n +1024 B")
            screen.press("q")
            self.assertEqual(screen.ended()[0], 0)

    def test_call_sites_while_the_profiler_is_on(self):
        with tempfile.TemporaryDirectory() as folder, Target("cache_in_use", conf=f"profile:16k,profile_file:{folder}") as target, \
                Screen(ASHLAR, "top", str(target.pid), "-d", "0.2") as screen:
            screen.wait_for(r"~alloc/s +share +call site\n +~[1-9][\d.]* [KMG]iB +\d+ %  \w+ ")
            self.assertIn(" in memory_shapes", screen.text())
            screen.wait_for(r"class +blocks")  # the rest is present too
            screen.press("q")
            self.assertEqual(screen.ended()[0], 0)
        with Target("cache_in_use") as target, Screen(ASHLAR, "top", str(target.pid), "-d", "0.2") as screen:
            screen.wait_for(r"class +blocks")
            self.assertNotIn("call site", screen.text())
            # Switched on and off from outside.
            with tempfile.TemporaryDirectory() as folder, \
                    subprocess.Popen([ASHLAR, "profile", "--pid", str(target.pid), "--place", folder, "--rate", "16K"], env=CLEAN,
                                     stdout=subprocess.DEVNULL) as attached:
                screen.wait_for(r"call site\n +~[1-9]")
                attached.send_signal(signal.SIGINT)
            end = time.monotonic() + LIMIT
            while "call site" in screen.text():
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
            screen.press("q")
            self.assertEqual(screen.ended()[0], 0)

    def test_process_that_ends(self):
        with Target("cache") as target, Screen(ASHLAR, "top", str(target.pid), "-d", "0.1") as screen:
            screen.wait_for(r"process \d+")
            target.child.send_signal(signal.SIGKILL)
            target.child.wait(LIMIT)
            status, errors = screen.ended()
            self.assertEqual(status, 1)
            self.assertIn("has ended", errors)


    def test_process_whose_tables_may_not_be_read(self):
        wrapper = os.path.join(PROGRAMS, "without_ptrace")
        with Target("cache", "closed") as target, Screen(wrapper, ASHLAR, "top", str(target.pid)) as screen:
            screen.wait_for("may not be read: [a-z]")
            screen.press("q")
            self.assertEqual(screen.ended(), (0, ""))

    def test_usual_terminal_shows_all_columns(self):
        with Target("cache") as target, Screen(ASHLAR, "top", "-d", "0.2", columns=80, rows=24) as screen:
            screen.wait_for(r"PID +RSSv +live +free +other +~alloc/s +thr +name")
            screen.wait_for(rf"{target.pid} .* 1  memory_sha")
            screen.press("q")
            self.assertEqual(screen.ended(), (0, ""))
        with Target("cache") as target, Screen(ASHLAR, "top", str(target.pid), columns=80, rows=24) as screen:
            screen.wait_for(r"live +6\d\.\d MiB +\d\d % +stacks")
            screen.wait_for("class +blocks +live +in caches +free +slabs +~alloc/s")
            screen.press("q")
            self.assertEqual(screen.ended(), (0, ""))

    def test_narrow_terminal_leaves_out_columns_but_no_part(self):
        with Target("cache") as target, Screen(ASHLAR, "top", "-d", "0.2", columns=45, rows=30) as screen:
            screen.wait_for(rf"PID +RSSv +live +name *\n(.*\n)* *{target.pid} +\S+ MiB +\S+ MiB  memory_shapes")
            screen.press("q")
            self.assertEqual(screen.ended(), (0, ""))
        with Target("cache") as target, Screen(ASHLAR, "top", str(target.pid), columns=45, rows=30) as screen:
            screen.wait_for(r"(?s)\nlive .*\nfiles ")
            screen.press("q")
            self.assertEqual(screen.ended(), (0, ""))

    def test_colours_unless_they_are_not_wanted(self):
        with Target("cache") as target:
            colour = "\x1b\\[[0-9;]*3[0-7]m"
            for environment, has_colours in (("", True), ("NO_COLOR=1", False)):
                with Screen(ASHLAR, "top", str(target.pid), environment=environment) as screen:
                    screen.wait_for("(?m)^live ")
                    check = self.assertRegex if has_colours else self.assertNotRegex
                    check(screen.text("-e"), colour)
                    screen.press("q")
                    self.assertEqual(screen.ended(), (0, ""))


class List(unittest.TestCase):
    def test_every_process(self):
        with Target("cache") as large, Target("leak_large") as small, Screen(ASHLAR, "top", "-d", "0.2") as screen:
            text = screen.wait_for(rf"(?s){large.pid} .*{small.pid} ")  # the larger one is above
            self.assertRegex(text, r"ashlar top: \d+ processes on Ashlar")
            self.assertRegex(text, rf"\n *{large.pid} +6\d\.\d MiB +6\d\.\d MiB ")
            self.assertNotIn("tmux", text)  # uses another malloc
            screen.press("h")
            screen.wait_for("seconds between looks")
            screen.press("x")
            screen.press("N")
            order = rf"(?s){min(large.pid, small.pid)} .*{max(large.pid, small.pid)} "
            screen.wait_for(order)
            screen.press("R")
            screen.wait_for(rf"(?s){max(large.pid, small.pid)} .*{min(large.pid, small.pid)} ")
            screen.press("M")
            screen.press("Home")
            screen.wait_for("RSSv")
            screen.press("Enter")
            text = screen.wait_for(r"^process (\d+)")
            screen.press("Escape")
            screen.wait_for(r"ashlar top:")
            screen.press("q")
            self.assertEqual(screen.ended(), (0, ""))

    def test_delay(self):
        with Screen(ASHLAR, "top", "-d", "1000") as screen:
            screen.wait_for("every 1e\\+03 s|every 1000 s")
            screen.press("d", "x", "Enter")
            screen.wait_for("'x' is no number")
            screen.press("d", "7", "BSpace", "0", ".", "5", "Enter")
            screen.wait_for("every 0.5 s")
            screen.press("d", "9", "Escape")
            screen.press("q")
            self.assertEqual(screen.ended(), (0, ""))

    def test_interrupt_gives_the_terminal_back(self):
        for asks in (False, True):
            with Screen(ASHLAR, "top") as screen:
                screen.wait_for("ashlar top:")
                if asks:
                    screen.press("d")
                    screen.wait_for("seconds between looks")
                screen.press("C-c")
                self.assertEqual(screen.ended()[0], 130)
                self.assertNotIn("ashlar top:", screen.text())

    def test_processes_come_and_go(self):
        with Screen(ASHLAR, "top", "-d", "0.2") as screen:
            screen.wait_for("ashlar top:")
            with Target("cache") as target:
                screen.wait_for(rf"\n *{target.pid} ")
            screen.wait_for(rf"ashlar top:(?!(.|\n)*\n *{target.pid} )")
            screen.press("q")
            self.assertEqual(screen.ended(), (0, ""))

    def test_program_that_gets_its_library_late(self):
        with Screen(ASHLAR, "top", "-d", "0.2") as screen, \
                subprocess.Popen(["sh", "-c", f"read line; LD_PRELOAD={LIBRARY} exec sh -c 'read line; :'"], stdin=subprocess.PIPE,
                                 env=CLEAN) as shell:
            screen.wait_for("ashlar top:")
            screen.press(" ")  # it is inspected, and does not use Ashlar yet
            shell.stdin.write(b"\n")
            shell.stdin.flush()
            screen.wait_for(rf"\n *{shell.pid} .* sh")
            shell.stdin.close()
            screen.press("q")
            self.assertEqual(screen.ended(), (0, ""))

    def test_small_terminal(self):
        with Target("cache") as target, Screen(ASHLAR, "top", "-d", "0.2", columns=30, rows=5) as screen:
            screen.wait_for(str(target.pid))
            screen.press("Enter")
            screen.wait_for("process")
            screen.tmux("resize-window", "-x", "120", "-y", "50")
            screen.wait_for("thread  name")
            screen.press("q")
            self.assertEqual(screen.ended()[0], 0)


class Refused(unittest.TestCase):
    def run_top(self, *arguments):
        return subprocess.run([ASHLAR, "top", *arguments], env=CLEAN, capture_output=True, text=True, timeout=LIMIT,
                              stdin=subprocess.DEVNULL)

    def test_no_terminal(self):
        done = self.run_top()
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("needs a terminal", done.stderr)

    def test_processes_that_cannot_be_shown(self):
        for process, status, word in ((str(os.getpid()), 1, "does not run on Ashlar"), ("x", 2, "no process"),
                                      ("999999999", 1, "no process")):
            done = self.run_top(process)
            self.assertEqual(done.returncode, status)
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    if shutil.which("tmux") is None:
        print("there is no tmux here")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
