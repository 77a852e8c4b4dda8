# SPDX-License-Identifier: MIT
"""Tests that the ledger adds up to RSS, to 3 % or 256 KiB, in real programs. They are the fragmentation benchmark at
the ends of its phases and between them, python3, a compiler and redis-server. The figures come from outside (`ashlar
stats`) and from inside (the library).

A program is read when it stands still: it waits for its test, or is stopped by a signal.

usage: ledger_test.py ASHLAR LIBRARY BENCHMARKS"""
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ASHLAR, LIBRARY, BENCHMARKS = map(os.path.abspath, sys.argv[1:4])
CLEAN = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASHLAR_CONF")}
LIMIT = 150
WRITE = signal.SIGUSR1  # makes the library update its file
OPEN = ("257", "56")  # openat, on x86-64 and aarch64
SCRIPT = """
import random, sys
random.seed(1)
def pause():
    print("still", flush=True)
    sys.stdin.readline()
text = [("line %d " % i) * random.randrange(1, 40) for i in range(100000)]
pause()
words = {word: len(word) for line in text for word in line.split()[:9]}
random.shuffle(text)
del text[::2]
pause()
text = [bytearray(random.randrange(1000, 300000)) for i in range(300)]
pause()
text.clear(), words.clear()
pause()
"""
SOURCE = """
#include <map>
#include <string>
#include <vector>
std::map<std::string, std::vector<int>> before;
#include "first"
#include <regex>
#include <unordered_map>
std::regex expression("a+");
std::unordered_map<std::string, std::regex> after{{"a", expression}};
#include "second"
int main() { return static_cast<int>(before.size() + after.size()); }
"""


def wait_for(condition, what):
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("not so in time: " + what)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def rss(pid):
    return int(re.search(r"^Rss: *(\d+) kB", read(f"/proc/{pid}/smaps_rollup"), re.MULTILINE).group(1)) << 10


def heap_rss(pid):
    """Returns the RSS of the heap's address range, in bytes."""
    resident, ours = 0, False
    for line in read(f"/proc/{pid}/smaps").splitlines():
        mapping = re.match("([0-9a-f]+)-", line)
        if mapping:
            ours = 22 << 40 <= int(mapping[1], 16) < 42 << 40
        elif ours and line.startswith("Rss:"):
            resident += int(line.split()[1]) << 10
    return resident


class Ledger(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.environment = {**CLEAN, "LD_PRELOAD": LIBRARY,
                            "ASHLAR_CONF": f"stats_signal:{int(WRITE)},stats_file:{self.path('ledger.%p.json')}"}

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, *command, **options):
        process = subprocess.Popen(command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   cwd=self.folder, **options)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def close(self, found, truth, what):
        self.assertLessEqual(abs(found - truth), max(0.03 * truth, 256 << 10), f"{what}: {found} of {truth}")

    def check_outside(self, pid, what):
        done = subprocess.run([ASHLAR, "stats", str(pid), "--interval", "0", "--json", "-"], env=CLEAN, capture_output=True,
                              text=True, timeout=LIMIT)
        self.assertEqual(done.returncode, 0, done.stderr)
        reading = json.loads(done.stdout)
        self.close(sum(reading["parts"].values()), rss(pid), f"{what}, from outside: {reading['parts']}")

    def check_inside(self, pid, what):
        if platform.machine() != "x86_64":  # the heap has other addresses elsewhere
            return
        path = self.path(f"ledger.{pid}.json")
        wait_for(lambda: os.path.exists(path), path)  # the writing thread exists, so the handler is installed
        before = os.stat(path).st_ino
        os.kill(pid, WRITE)
        wait_for(lambda: os.stat(path).st_ino != before, f"{path} is new")
        process = json.loads(read(path))["process"]
        self.close(process["resident"], heap_rss(pid), f"{what}, from inside: {process}")

    def check(self, pid, what):
        self.check_outside(pid, what)
        self.check_inside(pid, what)
        self.check_outside(pid, what + ", once more")

    def check_stopped(self, process, what):
        """Reads a child of this test wherever it is, after stopping it."""
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if process.poll() is None:
            self.check_outside(process.pid, what)
            process.send_signal(signal.SIGCONT)

    def answer(self, process):
        process.stdin.write("\n")
        process.stdin.flush()

    def test_phases_of_the_fragmentation_benchmark(self):
        process = self.start(os.path.join(BENCHMARKS, "fragmentation"), "1", "--scale", "48", "--drain", "0", "--wait")
        process.stdout.readline()  # the heading
        for phase in ("grow", "sawtooth", "cache", "long-lived"):
            self.assertTrue(process.stdout.readline().startswith(phase))
            self.check(process.pid, "at the end of " + phase)
            self.answer(process)
            for _ in range(3):
                self.check_stopped(process, "after " + phase)
        process.communicate()
        self.assertEqual(process.returncode, 0)

    def test_python(self):
        process = self.start(sys.executable, "-c", SCRIPT)
        for pause in range(4):
            self.assertEqual(process.stdout.readline(), "still\n")
            self.check(process.pid, f"python3, pause {pause}")
            self.answer(process)
        process.communicate()
        self.assertEqual(process.returncode, 0)

    def compiler_of(self, driver):
        """Returns the child of g++ that compiles."""
        for pid in read(f"/proc/{driver.pid}/task/{driver.pid}/children").split():
            if "cc1plus" in read(f"/proc/{pid}/cmdline"):
                return int(pid)
        return None

    @staticmethod
    def opens(pid):
        """Returns whether it waits for another process to open the other end of a pipe."""
        try:
            return read(f"/proc/{pid}/syscall").split()[0] in OPEN and ") S " in read(f"/proc/{pid}/stat")
        except (PermissionError, IndexError):
            return False

    def test_compiler(self):
        """The compiler waits at an include of a pipe."""
        if not shutil.which("g++"):
            self.skipTest("there is no g++")
        with open(self.path("source.cc"), "w", encoding="ascii") as file:
            file.write(SOURCE)
        for name in ("first", "second"):
            os.mkfifo(self.path(name))
        driver = self.start("g++", "-fsyntax-only", "source.cc")
        pid = wait_for(lambda: self.compiler_of(driver), "g++ has started its compiler")
        for name in ("first", "second"):
            wait_for(lambda: self.opens(pid), "the compiler opens " + name)
            self.check(pid, "g++, at " + name)
            with open(self.path(name), "w", encoding="ascii") as file:
                file.write(f"int {name};\n")
            wait_for(lambda: driver.poll() is not None or not self.opens(pid), "it goes on")
        driver.communicate()
        self.assertEqual(driver.returncode, 0)

    def test_redis(self):
        if not shutil.which("redis-server") or not shutil.which("redis-benchmark"):
            self.skipTest("there is no redis-server; scripts/setup.sh installs it")
        socket = self.path("socket")
        process = self.start("redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no",
                             "--dir", self.folder)

        def client(*arguments):
            return subprocess.run(arguments, env=CLEAN, check=True, capture_output=True, text=True, timeout=LIMIT).stdout

        wait_for(lambda: os.path.exists(socket), "redis-server answers")
        self.check(process.pid, "redis, empty")
        with subprocess.Popen(["redis-benchmark", "-s", socket, "-q", "-n", "30000", "-c", "20", "-r", "100000", "-d", "300",
                               "-t", "set,lpush,sadd,hset,mset"], env=CLEAN, stdout=subprocess.DEVNULL) as load:
            for _ in range(5):
                self.check_stopped(process, "redis under load")
        self.check(process.pid, "redis, full")
        client("redis-cli", "-s", socket, "eval",
               "for i = 1, 100000, 2 do redis.call('del', string.format('key:%012d', i)) end", "0")
        self.check(process.pid, "redis, half empty")
        client("redis-cli", "-s", socket, "flushall")
        self.check(process.pid, "redis, flushed")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
