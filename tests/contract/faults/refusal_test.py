#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs real programs on libashlar.so while a filter refuses system calls. Their output equals that under System
without a filter, or they end with their own error for exhausted memory.

usage: refusal_test.py PART LIBRARY REFUSE REFUSE_LATER_LIBRARY MODEL
"""
import os
import re
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(HERE, "..", "..", "programs", "samples")
LIBRARY, REFUSE, LATER, MODEL = sys.argv[2:6]
SECONDS = 100  # catches a hang; everything ends within a tenth of it

with open(os.path.join(SAMPLES, "tables.sql"), encoding="utf-8") as file:
    TABLES = file.read().replace("n < 100000", "n < 10000")  # a tenth of the rows is enough here
EVERYTHING = "mmap=ENOMEM,mremap=ENOMEM,mprotect=ENOMEM,brk=0"
BLOCKS = [sys.executable, os.path.join(HERE, "programs", "blocks.py")]
LOAD = [sys.executable, os.path.join(SAMPLES, "load.py")]
SQLITE = ["sqlite3", "-batch", ":memory:"]
STRESS = [MODEL, "--threads", "2", "--operations", "20000", "--seed", "7"]
ON_ASHLAR = [*STRESS, "--expect-ashlar"]


def run(command, library=LIBRARY, **environment):
    """Returns exit status, stdout and stderr."""
    settings = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0",
                "PYTHONDONTWRITEBYTECODE": "1", "LD_PRELOAD": library, **environment}
    done = subprocess.run(command, input=TABLES, capture_output=True, text=True, timeout=SECONDS, env=settings,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def without_times(output):
    """Returns the model's output without its speed."""
    return re.sub(r" in [\d.]+ s, .*", "", output)


class Refusals(unittest.TestCase):
    expected = {}

    def expect(self, command):
        """Returns the output under System without a filter."""
        key = tuple(command)
        if key not in self.expected:
            status, output, errors = run(command, library="")
            self.assertEqual((status, errors), (0, ""), command)
            self.assertNotEqual(output, "", command)
            self.expected[key] = output
        return self.expected[key]

    def assert_right(self, command, outcome):
        plain = [each for each in command if each != "--expect-ashlar"]
        status, output, errors = outcome
        self.assertEqual(status, 0, errors)
        self.assertEqual(errors, "")
        self.assertEqual(without_times(output), without_times(self.expect(plain)))

    def assert_right_without(self, refusals, *commands, **environment):
        for command in commands:
            with self.subTest(refusals=refusals, program=os.path.basename(command[-1]), **environment):
                self.assert_right(command, run([REFUSE, refusals, *command], **environment))

    def assert_right_from_main(self, refusals, *commands, **environment):
        for command in commands:
            with self.subTest(refusals=refusals, program=os.path.basename(command[-1]), **environment):
                self.assert_right(command, run(command, f"{LIBRARY}:{LATER}", REFUSE_FROM_MAIN=refusals, **environment))


class Filter(Refusals):
    """Checks that the filter refuses the chosen calls and no others."""

    def test_calls(self):
        probe = ("import mmap, sys\n"
                 "memory = mmap.mmap(-1, int(sys.argv[1]))\n"
                 "memory.madvise(mmap.MADV_DONTNEED)\n")
        for refusals, size, refused in (("madvise=EPERM", 1 << 20, "PermissionError"), ("mmap@64m=EINVAL", 1 << 26, "OSError"),
                                        ("mmap@64m=EINVAL", 5 << 30, "OSError"), ("mmap@64m=EINVAL", (1 << 26) - 4096, ""),
                                        ("munmap=EPERM,madvise=ENOSYS", 1 << 20, "OSError")):
            status, _, errors = run([REFUSE, refusals, sys.executable, "-c", probe, str(size)], library="")
            self.assertEqual(status, 1 if refused else 0, (refusals, size, errors))
            self.assertIn(refused, errors)

    def test_writable_memory(self):
        probe = "import threading; threading.Thread(target=print).start()"  # makes its stack writable
        status, _, errors = run([REFUSE, "mprotect+w=ENOMEM", sys.executable, "-c", probe], library="")
        self.assertNotEqual(status, 0)
        self.assertIn("can't start new thread", errors)

    def test_signal(self):
        status, output, errors = run([*BLOCKS, "--signal"], LATER, REFUSE_ON_SIGNAL=EVERYTHING)
        self.assertEqual((status, output, errors), (0, "refused and right\n", ""))

    def test_mistakes(self):
        for refusals in ("", "mmap", "mmap=EWHAT", "nmap=EPERM", "mmap@4t=EPERM"):
            self.assertNotEqual(run([REFUSE, refusals, "true"], library="")[0], 0, refusals)


class Optional(Refusals):
    """Refuses calls that the library can do without."""

    def test_giving_back(self):
        for error in ("EPERM", "EINVAL", "ENOSYS"):
            self.assert_right_without(f"madvise={error}", BLOCKS, ON_ASHLAR)
        self.assert_right_without("madvise=ENOMEM", SQLITE)

    def test_moving(self):
        for error in ("ENOSYS", "ENOMEM", "EPERM"):
            self.assert_right_without(f"mremap={error}", BLOCKS, ON_ASHLAR)
        self.assert_right_without("mremap=EINVAL", SQLITE)

    def test_nodes(self):
        self.assert_right_without("mbind=EPERM,getcpu=ENOSYS", BLOCKS, ON_ASHLAR, ASHLAR_CONF="numa:bind")

    def test_thread(self):
        self.assert_right_without("clone=EAGAIN,clone3=EAGAIN", BLOCKS, SQLITE,
                                  ASHLAR_CONF="background:true,purge_delay_ms:1")

    def test_files(self):
        status, output, errors = run([*BLOCKS, "--signal"], f"{LIBRARY}:{LATER}", REFUSE_ON_SIGNAL="openat=EACCES",
                                     ASHLAR_CONF="huge_pages:always")
        self.assertEqual((status, output, errors), (0, "served and right\n", ""))

    def test_all(self):
        self.assert_right_without("madvise=EPERM,mremap=EPERM,mbind=EPERM,getcpu=EPERM,prctl=EPERM", LOAD, SQLITE, ON_ASHLAR,
                                  ASHLAR_CONF="numa:bind,huge_pages:always,background:true")


class Necessary(Refusals):
    """Refuses calls without which the fallback has to serve."""

    def test_window(self):
        self.assert_right_without("mmap@64m=ENOMEM", LOAD, BLOCKS, STRESS)
        self.assert_right_without("mmap@1g=EPERM", BLOCKS, ON_ASHLAR)

    def test_giving_back_the_window(self):
        self.assert_right_without("mmap@1g=ENOMEM,munmap=ENOMEM", BLOCKS)

    def test_growing(self):
        self.assert_right_without("mprotect+w=ENOMEM", BLOCKS)
        self.assert_right_from_main("mprotect=ENOMEM", SQLITE)

    def test_all_but_the_break(self):
        self.assert_right_from_main("mmap@1m=ENOMEM,mremap=ENOMEM,mprotect=ENOMEM,madvise=EINVAL,munmap=EINVAL", SQLITE)


class Everything(Refusals):
    """Refuses memory altogether."""

    def test_python(self):
        outcome = run([*BLOCKS, "--signal"], f"{LIBRARY}:{LATER}", REFUSE_ON_SIGNAL=EVERYTHING)
        self.assertEqual(outcome, (0, "refused and right\n", ""))

    def test_python_where_giving_back_fails_too(self):
        outcome = run([*BLOCKS, "--signal"], f"{LIBRARY}:{LATER}",
                      REFUSE_ON_SIGNAL=EVERYTHING + ",madvise=EINVAL,munmap=ENOMEM")
        self.assertEqual(outcome, (0, "refused and right\n", ""))

    def test_sqlite(self):
        status, _, errors = run(SQLITE, f"{LIBRARY}:{LATER}", REFUSE_FROM_MAIN=EVERYTHING)
        self.assertGreater(status, 0, errors)  # ended by exit, not by a signal
        self.assertRegex(errors, re.compile("memory", re.IGNORECASE))

    def test_stress(self):
        status, _, errors = run([*STRESS[:-4], "--seed", "7"], f"{LIBRARY}:{LATER}", REFUSE_FROM_MAIN=EVERYTHING)
        self.assertNotEqual(status, 0)
        self.assertRegex(errors, "gives null, errno 12|Resource temporarily unavailable|Cannot allocate|bad_alloc")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], sys.argv[1]])
