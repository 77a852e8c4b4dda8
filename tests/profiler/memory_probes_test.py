#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A debugger attaches to OpenTelemetry's probes (core/os/memory_probes.h) as its profiler does, by notes and semaphores:
that starts sampling, and what the probes say adds up to what the program asked for. Skipped without gdb.

usage: memory_probes_test.py LIBRARY PROGRAM"""
import collections
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

LIBRARY, PROGRAM = (sys.argv.pop(1) for _ in range(2))
# What `sites` of program.cc asks for: how many blocks of which size.
ASKED = [(60000, 200), (200000, 100), (20000, 300), (20000, 640), (20000, 500), (100, 100000),
         *((1, size) for size in range(100000, 5000001, 100000))]
RATE = 512 << 10  # if nothing else is said
COMMANDS = """
set pagination off
set confirm off
set breakpoint pending on
set environment LD_PRELOAD {library}
set environment ASHLAR_CONF profile_cost:0
break main
run
{probes}
continue
"""
PROBE = """
break -probe-stap otel_memory:{name}
commands
silent
printf "{name} {format}\\n", {arguments}
continue
end
"""
ALLOC = PROBE.format(name="alloc", format="%lu %lu %lu %lu %lu %lu",
                     arguments="$rdi, $rsi, $rdx, $_probe_arg0, $_probe_arg1, $_probe_arg2")
FREE = PROBE.format(name="free", format="%lu %lu", arguments="$rdi, $_probe_arg0")


@unittest.skipUnless(shutil.which("gdb"), "gdb is not installed")
class Attached(unittest.TestCase):
    def fired(self, *probes):
        """[(name, *arguments)], and the lines that are none of that."""
        text = COMMANDS.format(library=LIBRARY, probes="\n".join(probes))
        with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
            script.write(text)
            script.flush()
            done = subprocess.run(["gdb", "-nx", "-batch", "-x", script.name, "--args", PROGRAM, "sites"],
                                  env={**os.environ, "DEBUGINFOD_URLS": ""}, capture_output=True, text=True, timeout=150)
        if re.search("ptrace: Operation not permitted|Could not trace", done.stderr):
            self.skipTest("the machine forbids debuggers")
        self.assertIn("exited normally", done.stdout, done.stderr)
        events = re.findall(r"^(alloc|free) ([\d ]+)$", done.stdout, re.MULTILINE)
        return [(name, *map(int, numbers.split())) for name, numbers in events]

    def test_allocations_and_releases(self):
        events = self.fired(ALLOC, FREE)
        asked = sum(count * size for count, size in ASKED)
        weight, squares = 0, 0
        live, released = {}, collections.Counter()
        for name, *arguments in events:
            half = len(arguments) // 2
            self.assertEqual(arguments[:half], arguments[half:])  # by the calling convention and by the note
            if name == "alloc":
                pointer, size, by_points = arguments[:3]
                self.assertNotIn(pointer, live)
                self.assertEqual(by_points % RATE, 0)
                self.assertGreater(by_points, 0)
                live[pointer] = size
                weight += by_points
                squares += by_points * by_points
            else:
                released[live.pop(arguments[0], None)] += 1
        self.assertLess(abs(weight - asked), 5 * math.sqrt(squares) + 0.01 * asked, (weight, asked))
        self.assertEqual(released[None], 0)  # only of what was sampled
        self.assertGreater(released[100], 5)  # 38 in the mean
        self.assertEqual(set(live.values()) & {100, 300, 500, 640, 100000}, set())  # all of these were released
        self.assertGreater(sum(size == 200 for size in live.values()), 0)  # half of these were kept: 11

    def test_nothing_is_fired_for_nobody(self):
        self.assertEqual(self.fired(FREE), [])  # which starts no sampling


if __name__ == "__main__":
    unittest.main(verbosity=2)
