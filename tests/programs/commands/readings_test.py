# SPDX-License-Identifier: MIT
"""Tests `ashlar stats` of a process under full load. The load could have had every figure of every reading. The load
is not disturbed: it makes the same system calls in the same CPU time.

usage: readings_test.py ASHLAR LIBRARY PROGRAMS

ASHLAR_READINGS sets the number of readings (50). From 1000 on the test compares CPU time too."""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import unittest

ASHLAR, LIBRARY, PROGRAMS = map(os.path.abspath, sys.argv[1:4])
CLEAN = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASHLAR_CONF")}
READINGS = int(os.environ.get("ASHLAR_READINGS", "50"))
LIMIT = 600
# From steady_load.c: the classes of its sizes, the blocks of each in a thread, and how many may be missing.
CLASSES = (16, 64, 112, 256, 512, 1024, 3072, 20480)
BLOCKS, BATCH = 1000, 100
STRAY = 4  # blocks of the C library
KIB, MIB = 1 << 10, 1 << 20


class Load:
    """The program while it works."""

    def __init__(self, threads, batches, wrapper=()):
        command = [*wrapper, os.path.join(PROGRAMS, "steady_load"), str(threads), str(batches)]
        # Only the program gets the library, not its wrapper.
        preload = ["-E", "LD_PRELOAD=" + LIBRARY] if wrapper else []
        self.process = subprocess.Popen([*command[:len(wrapper)], *preload, *command[len(wrapper):]], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True,
                                        env=CLEAN if wrapper else {**CLEAN, "LD_PRELOAD": LIBRARY})
        assert self.process.stdout.readline() == "ready\n"
        self.pid = self.process.pid
        if wrapper:
            with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as file:
                self.pid = int(file.read().split()[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def begin(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def seconds(self):
        """Returns the CPU seconds after the end."""
        out, _ = self.process.communicate(timeout=LIMIT)
        assert self.process.returncode == 0, self.process.returncode
        return int(out) / 1e6

    def is_over(self):
        return self.process.poll() is not None


def read(pid):
    done = subprocess.run([ASHLAR, "stats", str(pid), "--interval", "0", "--json", "-"], env=CLEAN, capture_output=True,
                          text=True, timeout=LIMIT)
    if done.returncode != 0:
        assert re.search("ended|no process|no memory|changed", done.stderr), done.stderr
        return None
    return json.loads(done.stdout)


class Readings(unittest.TestCase):
    def check_between(self, low, value, high, what):
        self.assertTrue(low <= value <= high, f"{what}: {value} is not from {low} to {high}")

    def check_reading(self, reading, threads):
        """A batch of each size may be missing. A reading takes one figure after the other, and may lose its processor
        in between. Meanwhile a cache may take or give its capacity, which is less than two batches."""
        moved, kept = 3 * threads * BATCH, threads * BLOCKS
        of_size = {row["size"]: row for row in reading["classes"]}
        bytes_moved, bytes_kept = 0, 0
        for size in CLASSES:
            row = of_size[size]
            bytes_moved += moved * size
            bytes_kept += kept * size
            self.check_between(kept - moved, row["live"], kept + moved + STRAY, f"live blocks of {size} bytes")
            self.check_between(0, row["cached"], kept, f"cached blocks of {size} bytes")
            slab_blocks = row["live"] + row["cached"] + row["free"]
            self.check_between(kept - moved, slab_blocks, row["slabs"] * (4 * MIB // size) + moved, f"blocks of {size} bytes in slabs")
        for row in reading["classes"]:
            if row["size"] not in CLASSES:
                self.check_between(0, row["live"], 64, f"live blocks of {row['size']} bytes")
        heap, parts = reading["heap"], reading["parts"]
        slack = bytes_moved + 256 * KIB
        self.check_between(bytes_kept - slack, heap["live"], bytes_kept + slack, "live bytes")
        self.check_between(bytes_kept - slack, parts["live"], bytes_kept + slack, "live bytes in memory")
        self.check_between(0, heap["cached"], 2 * MIB * threads, "cached bytes")
        self.check_between(0, parts["thread_caches"], 2 * MIB * threads, "cached bytes in memory")
        self.check_between(0, parts["free_in_slabs"], slack + 2 * MIB * threads, "free bytes in slabs")
        self.check_between(0, parts["free_dirty"], slack + 2 * MIB * threads, "free dirty bytes")
        self.check_between(16 * KIB, parts["metadata"], MIB, "metadata")
        self.check_between(0, heap["live_large"], 256 * KIB, "large blocks")
        self.check_between(bytes_kept, heap["committed"], 2 * bytes_kept + 16 * MIB, "committed")
        self.check_between(1, heap["threads"], threads + 1, "threads with a cache")
        self.assertEqual((heap["fallback_calls"], heap["window_open"]), (0, True))
        self.assertEqual(reading["threads"], threads + 1)
        self.assertEqual(reading["verdict"]["name"], "in use")
        rss = reading["rss"]
        self.check_between(bytes_kept, rss, bytes_kept + slack + 16 * MIB, "RSS")
        self.assertLessEqual(abs(sum(parts.values()) - rss), max(0.03 * rss, 256 * KIB), parts)

    def test_each_reading_is_within_bounds(self):
        threads, seen = 2, {}
        with Load(threads, 0) as load:
            load.begin()
            for _ in range(READINGS):
                reading = read(load.pid)
                self.check_reading(reading, threads)
                for row in reading["classes"]:  # counts never fall
                    for count in ("refills", "flushes", "remote_frees"):
                        key = row["size"], count
                        self.assertGreaterEqual(row[count], seen.get(key, 0), key)
                        seen[key] = row[count]
            self.assertGreater(seen[1024, "refills"], 0)
            self.assertFalse(load.is_over())

    def system_calls(self, is_read):
        """Returns {name: calls} of a load with fixed work. Excludes locks, because contention at the start is random."""
        with tempfile.TemporaryDirectory() as folder:
            path, readings = os.path.join(folder, "calls"), 0
            with Load(1, 300_000, wrapper=("strace", "-f", "-c", "-o", path)) as load:
                load.begin()
                while is_read and not load.is_over():
                    readings += read(load.pid) is not None
                load.seconds()
            self.assertTrue(readings > 0 or not is_read)
            with open(path, encoding="ascii") as file:
                rows = [line.split() for line in file if re.match(r" *[0-9]+\.[0-9]+ ", line)]
        return {row[-1]: int(row[3]) for row in rows if row[-1] not in ("futex", "total")}

    def test_system_calls_are_the_same(self):
        if not shutil.which("strace"):
            self.skipTest("there is no strace; scripts/setup.sh installs it")
        if subprocess.run(["strace", "-o", "/dev/null", "true"], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no process may be traced here")
        self.assertEqual(self.system_calls(is_read=True), self.system_calls(is_read=False))

    @unittest.skipIf(READINGS < 1000, "a comparison of times takes 1000 readings")
    def test_processor_time_is_the_same(self):
        """Interleaves a run that is read with two runs beside which another process is read, so both have the same
        neighbour. The second of these shows random variation."""
        count, ratios, by_chance = 0, [], []
        with Load(1, 0) as bystander:

            def seconds(read_itself):
                nonlocal count
                with Load(1, 500_000) as load:
                    load.begin()
                    while not load.is_over():
                        reading = read(load.pid if read_itself else bystander.pid)
                        count += reading is not None and read_itself
                    return load.seconds()

            while count < READINGS or len(ratios) < 11:
                without = seconds(False)
                ratios.append(seconds(True) / without)
                by_chance.append(seconds(False) / without)
        found, chance = statistics.median(ratios), statistics.median(by_chance)
        print(f"processor time with {count} readings: {found:.4f} of that without, median of {len(ratios)} rounds; "
              f"by chance {chance:.4f}", flush=True)
        if abs(chance - 1) > 0.03:
            self.skipTest("this machine is not quiet enough to compare processor times")
        self.assertLessEqual(abs(found - 1), 0.03, ratios)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
