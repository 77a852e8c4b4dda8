#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A debugger attaches to OpenTelemetry's probes (core/os/memory_probes.h) as its profiler does, through notes and
semaphores. That starts sampling, and the probes' figures add up to the program's requests. It also attaches to the
probes of the slow paths (core/os/probe.h), which agree with the library's own counts. Skipped without gdb.

usage: memory_probes_test.py LIBRARY PROGRAM"""
import collections
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

LIBRARY, PROGRAM = (sys.argv.pop(1) for _ in range(2))
# Requests of `sites` in program.cc: number of blocks and size.
ASKED = [(60000, 200), (200000, 100), (20000, 300), (20000, 640), (20000, 500), (100, 100000),
         *((1, size) for size in range(100000, 5000001, 100000))]
RATE = 512 << 10  # default
COMMANDS = """
set pagination off
set confirm off
set breakpoint pending on
set environment LD_PRELOAD {library}
set environment ASHLAR_CONF {settings}
break main
run
{probes}
continue
"""
PROBE = """
break -probe-stap {provider}:{name}
commands
silent
printf "{name} {format}\\n", {arguments}
continue
end
"""
ALLOC = PROBE.format(provider="otel_memory", name="alloc", format="%lu %lu %lu %lu %lu %lu",
                     arguments="$rdi, $rsi, $rdx, $_probe_arg0, $_probe_arg1, $_probe_arg2")
FREE = PROBE.format(provider="otel_memory", name="free", format="%lu %lu", arguments="$rdi, $_probe_arg0")


def fired(case, settings, *probes):
    """Returns [(name, *arguments)] of the probes that fire while the program runs."""
    text = COMMANDS.format(library=LIBRARY, settings=settings, probes="\n".join(probes))
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
        script.write(text)
        script.flush()
        done = subprocess.run(["gdb", "-nx", "-batch", "-x", script.name, "--args", PROGRAM, "sites"],
                              env={**os.environ, "DEBUGINFOD_URLS": ""}, capture_output=True, text=True, timeout=150)
    if re.search("ptrace: Operation not permitted|Could not trace", done.stderr):
        case.skipTest("the machine forbids debuggers")
    case.assertIn("exited normally", done.stdout, done.stderr)
    return [(name, *map(int, numbers.split()))
            for name, numbers in re.findall(r"^([a-z]+) ([\d ]+)$", done.stdout, re.MULTILINE)]


@unittest.skipUnless(shutil.which("gdb"), "gdb is not installed")
class Attached(unittest.TestCase):
    def fired(self, *probes):
        return fired(self, "profile_cost:0", *probes)

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
        self.assertEqual(released[None], 0)  # only sampled blocks
        self.assertGreater(released[100], 5)  # expected: 38
        self.assertEqual(set(live.values()) & {100, 300, 500, 640, 100000}, set())  # all of these were released
        self.assertGreater(sum(size == 200 for size in live.values()), 0)  # half of these were kept: 11

    def test_nothing_is_fired_for_nobody(self):
        self.assertEqual(self.fired(FREE), [])  # it starts no sampling


@unittest.skipUnless(shutil.which("gdb"), "gdb is not installed")
class SlowPaths(unittest.TestCase):
    """Blocks of more than 64 KiB use the fallback here, and no free page is kept."""
    ARGUMENTS = {"refill": 2, "flush": 2, "grow": 2, "purge": 2, "fallback": 1}
    UNSEEN = 20  # events of each kind before main() or after the counts were written, at most

    def test_counts(self):
        probes = [PROBE.format(provider="ashlar", name=name, format=" ".join(["%lu"] * count),
                               arguments=", ".join(f"$_probe_arg{number}" for number in range(count)))
                  for name, count in self.ARGUMENTS.items()]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "statistics.json")
            events = fired(self, f"large_limit:64k,dirty_limit:0,purge_delay_ms:0,stats_at_exit:{path}", *probes)
            with open(path, encoding="utf-8") as file:
                counts = json.load(file)["process"]
        found = collections.Counter(name for name, *_ in events)
        for name, count in (("refill", counts["refills"]), ("flush", counts["flushes"]), ("grow", counts["growths"]),
                            ("purge", counts["purges"]), ("fallback", counts["fallback_calls"])):
            with self.subTest(name):
                self.assertGreater(found[name], 0)
                self.assertLessEqual(abs(found[name] - count), self.UNSEEN)
        self.assertEqual(sum(event == ("fallback", 100000) for event in events), 100 + 1)
        self.assertEqual(sum(event[2] for event in events if event[0] == "purge"), counts["purged"])
        grown = sum(arguments[1] for name, *arguments in events if name == "grow")
        self.assertEqual(grown % (2 << 20), 0)
        self.assertLessEqual(grown, counts["committed"])
        classes = {size for name, size, *_ in events if name == "refill"}
        self.assertLessEqual({112, 208, 320, 512, 640}, classes)


if __name__ == "__main__":
    unittest.main(verbosity=2)
