# SPDX-License-Identifier: MIT
"""Runs some of the micro-benchmarks as briefly as possible: their names, that they run, and the contents of the JSON.

usage: micro_test.py MICRO"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

MICRO = sys.argv[1]
OPERATIONS = ["pair", "batch", "calloc", "realloc", "aligned/alignment:64", "aligned/alignment:4096", "cross_thread",
              "first_touch"]


def class_sizes():
    """Returns the sizes of core/layout/size_class.h, up to 32 KiB."""
    sizes, size = [], 0
    while size < 32768:
        doubling = 128 if size < 128 else 1 << (size.bit_length() - 1)
        size += doubling // (8 if doubling < 8192 else 4)
        sizes += [size, size + 64] if size in (4096, 8192) else [size]
    return sizes


def run(*arguments, **limits):
    done = subprocess.run([MICRO, *arguments], capture_output=True, text=True, check=False, **limits)
    assert done.returncode == 0, f"{arguments}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def measure(pattern, *arguments):
    """Returns {name: entry in the JSON} of the benchmarks whose names match."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "micro.json")
        run(f"--benchmark_filter={pattern}", "--benchmark_min_time=0.001", f"--benchmark_out={path}",
            "--benchmark_out_format=json", *arguments)
        with open(path, encoding="utf-8") as file:
            return {entry["name"]: entry for entry in json.load(file)["benchmarks"]}


class Micro(unittest.TestCase):
    def test_every_operation_has_every_size_class_and_number_of_threads(self):
        names = set(run("--benchmark_list_tests").split())
        self.assertEqual(len(class_sizes()), 66)
        for operation in OPERATIONS:
            for threads in (2, 4, 8) if operation == "cross_thread" else (1, 2, 4, 8):
                for size in [*class_sizes(), 65536, 4 << 20]:
                    self.assertIn(f"{operation}/size:{size}/threads:{threads}", names)

    def test_runs_and_counts(self):
        entries = measure("/size:(64|65536)/threads:[12]$")
        self.assertEqual(len(entries), 2 * (2 * len(OPERATIONS) - 1))
        for name, entry in entries.items():
            self.assertNotIn("error_message", entry, name)
            self.assertEqual(entry["bytes"], 64 if "/size:64/" in name else 65536, name)
            self.assertGreaterEqual(entry["faults"], 0, name)
        # Google Benchmark's CPU time is per iteration, ours per operation.
        for name, operations in (("pair/size:64/threads:1", 1), ("realloc/size:64/threads:1", 2),
                                 ("batch/size:64/threads:1", 1000), ("first_touch/size:65536/threads:1", 16),
                                 ("cross_thread/size:64/threads:2", 64)):
            entry = entries[name]
            self.assertEqual(entry["time_unit"], "ns")
            self.assertAlmostEqual(1e9 * entry["time_per_op"] * operations / entry["cpu_time"], 1, delta=0.001, msg=name)

    def test_faults_are_those_of_memory_that_is_given_back(self):
        # With a fixed threshold the system's malloc maps such a block, and unmaps its 1024 pages at the release.
        os.environ["GLIBC_TUNABLES"] = "glibc.malloc.mmap_threshold=1048576"
        try:
            entry = measure("^first_touch/size:4194304/threads:1$")["first_touch/size:4194304/threads:1"]
        finally:
            del os.environ["GLIBC_TUNABLES"]
        self.assertAlmostEqual(entry["faults"], 1024, delta=8)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
