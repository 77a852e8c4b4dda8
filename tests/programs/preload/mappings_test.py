#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tools that track every mapped page cost the same as under System: an emulator, and a debugger's core dump.

usage: mappings_test.py LIBRARY     skipped (status 77) where qemu-x86_64 or gcore is missing
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import unittest

LIBRARY = sys.argv.pop(1)
MOST = 1.3  # multiple of System's cost
ROUNDS = 5
HOLDER = "block = bytearray(20 << 20); print('ready', flush=True); input()"


def emulated(library):
    """Returns CPU seconds and peak RSS in KiB of `ls` in the emulator."""
    preload = ["-E", f"LD_PRELOAD={library}"] if library else []
    process = subprocess.Popen(["qemu-x86_64", *preload, shutil.which("ls"), "/"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0:
        raise AssertionError(f"status {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def core_size(library):
    """Returns the bytes on disk of a core dump of a program that holds 20 MiB."""
    with tempfile.TemporaryDirectory() as folder:
        holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  env={**os.environ, "LD_PRELOAD": library})
        try:
            holder.stdout.readline()
            subprocess.run(["gcore", "-o", f"{folder}/core", str(holder.pid)], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
            return os.path.getsize(f"{folder}/core.{holder.pid}")
        finally:
            holder.communicate(b"\n")


class Mappings(unittest.TestCase):
    def test_emulator(self):
        system, ashlar = zip(*((emulated(""), emulated(LIBRARY)) for _ in range(ROUNDS)))
        for which, name in enumerate(("CPU seconds", "peak KiB")):
            of_system = statistics.median(figures[which] for figures in system)
            of_ashlar = statistics.median(figures[which] for figures in ashlar)
            print(f"emulated ls, {name}: {of_ashlar}, under System {of_system}")
            self.assertLessEqual(of_ashlar, MOST * of_system, name)

    def test_core_dump(self):
        of_system, of_ashlar = core_size(""), core_size(LIBRARY)
        print(f"core dump, bytes: {of_ashlar}, under System {of_system}")
        self.assertLessEqual(of_ashlar, MOST * of_system)


if __name__ == "__main__":
    if not (shutil.which("qemu-x86_64") and shutil.which("gcore")):
        print("skipped: qemu-x86_64 or gcore is missing; scripts/setup.sh --programs installs them")
        sys.exit(77)
    unittest.main()
