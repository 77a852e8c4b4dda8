# SPDX-License-Identifier: MIT
"""usage: memcheck_test.py SUBJECT LIBRARY"""
import os
import subprocess
import sys
import unittest

SUBJECT, LIBRARY = sys.argv[1:3]
SIZES = ("24", "1000", "40000", "3000000")


def memcheck(use, size):
    """Returns memcheck's report, without bytes that the C library or the loader may keep."""
    done = subprocess.run(
        ["valgrind", "--soname-synonyms=somalloc=nouserintercepts", "--leak-check=full", "--show-leak-kinds=definite", SUBJECT,
         use, size], env={**os.environ, "LD_PRELOAD": LIBRARY}, capture_output=True, text=True, timeout=120, check=False)
    return done.stderr


class Memcheck(unittest.TestCase):
    def expect(self, use, *words):
        for size in SIZES:
            with self.subTest(use=use, size=size):
                said = memcheck(use, size)
                for word in words:
                    self.assertIn(word, said)

    def test_right(self):
        self.expect("right", "ERROR SUMMARY: 0 errors")

    def test_read_of_a_freed_block(self):
        self.expect("read-freed", "Invalid read of size 1", "inside a block of size")

    def test_write_behind_a_block(self):
        self.expect("write-behind", "Invalid write of size 1", "0 bytes after a block of size")

    def test_free_twice(self):
        self.expect("free-twice", "Invalid free()")

    def test_unwritten(self):
        self.expect("unwritten", "depends on uninitialised value")

    def test_loss(self):
        for size in SIZES:
            with self.subTest(size=size):
                self.assertIn(f"{int(size):,} bytes in 1 blocks are definitely lost", memcheck("lose", size))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
