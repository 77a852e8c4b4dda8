#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests the sampling profiler in the library, on a program with known calls and on others. The file's contents are
true, and survive any end of the process.

usage: profiler_test.py LIBRARY HARDENED_LIBRARY PROGRAM SOME_SHARED_OBJECT [unittest's arguments]"""
import collections
import glob
import math
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from records import Profile

LIBRARY, HARDENED, PROGRAM, SHARED_OBJECT = (sys.argv.pop(1) for _ in range(4))
SEED = int(os.environ.get("ASHLAR_TEST_SEED", random.randrange(1 << 30)))
STORM_SECONDS = float(os.environ.get("ASHLAR_STORM_SECONDS", "90"))


def ranges_of_functions():
    """Returns [(name, begin, end)] as offsets in the program's file, whose text is mapped at these offsets."""
    functions = []
    for line in subprocess.run(["nm", "-S", PROGRAM], check=True, capture_output=True, text=True).stdout.splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[3].startswith("site_"):
            begin = int(fields[0], 16)
            functions.append((fields[3], begin, begin + int(fields[1], 16)))
    return functions


FUNCTIONS = ranges_of_functions()


def site_of(profile, frames):
    """Returns the program's function that called the library, or the innermost file."""
    for frame in frames:
        for mapping in profile.of("map"):
            if mapping["begin"] < frame <= mapping["end"]:
                if os.path.basename(mapping["path"]) != os.path.basename(PROGRAM):
                    break
                # An address of the program is an address of its file plus the load address.
                offset = frame - 1 - mapping["begin"] + mapping["offset"]
                for name, begin, end in FUNCTIONS:
                    if begin <= offset < end:
                        return name
    return "elsewhere"


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def settings(self, rate="16k", more=""):
        if "profile_cost" not in more:
            more += ",profile_cost:0"  # the distance between samples equals the setting
        return {**os.environ, "LD_PRELOAD": LIBRARY, "ASHLAR_CONF": f"profile:{rate},profile_file:{self.folder}{more}"}

    def run_program(self, *arguments, rate="16k", more="", **options):
        return subprocess.run([PROGRAM, *arguments], check=True, env=self.settings(rate, more), timeout=100,
                              capture_output=True, text=True, **options)

    def profiles(self):
        return [Profile(path) for path in sorted(glob.glob(f"{self.folder}/*.profile"))]

    def profile(self):
        profiles = self.profiles()
        self.assertEqual(len(profiles), 1)
        profiles[0].check()
        return profiles[0]


class Truth(Case):
    # Bytes, blocks and sizes that each site of program.cc requests.
    ALLOCATED = {"site_kept": (60000, [200]), "site_temporary": (200000, [100]), "site_zeroed": (20000, [300]),
                 "site_aligned": (20000, [640]), "site_new": (20000, [500]), "site_large": (100, [100000]),
                 "site_resized": (1, range(100000, 5000001, 100000))}
    RATE = 16 << 10

    def chance(self, size):
        return -math.expm1(-size / self.RATE)

    def test_sites(self):
        """Checks what each site allocated and kept, within five standard errors. A correct run fails once in a
        million."""
        self.run_program("sites")
        profile = self.profile()
        self.assertEqual((profile.state, profile.lost, profile.holes), ("stopped", 0, 0))
        stacks = profile.stacks()
        allocated, blocks, live = collections.Counter(), collections.Counter(), collections.Counter()
        still = profile.live()
        for sample in profile.of("allocate"):
            site = site_of(profile, stacks[sample["stack"]])
            allocated[site] += sample["weight"]
            blocks[site] += sample["blocks"] / 1024
            if sample["sample"] in still:
                live[site] += sample["weight"]
        for site, (count, sizes) in self.ALLOCATED.items():
            with self.subTest(site):
                true = sum(count * size for size in sizes)
                variance = sum(count * size * size * (1 - self.chance(size)) / self.chance(size) for size in sizes)
                self.assertLess(abs(allocated[site] - true), 5 * math.sqrt(variance) + 1)
                variance = sum(count * (1 - self.chance(size)) / self.chance(size) for size in sizes)
                self.assertLess(abs(blocks[site] - count * len(sizes)), 5 * math.sqrt(variance) + 1)
        true = 30000 * 200
        self.assertLess(abs(live.pop("site_kept") - true), 5 * math.sqrt(30000 * 200 * 200 / self.chance(200)))
        self.assertLess(live.pop("elsewhere", 0), 400 << 10)  # buffers of the C++ library and stdio
        self.assertEqual(dict(live), {})
        # Half of the slabs is free, and the kept blocks pin it.
        pinned = collections.Counter()
        place = profile.records.index(next(r for r in reversed(profile.records) if r[0] == "counts"))
        samples = {sample["sample"]: sample for sample in profile.of("allocate")}
        for kind, fields in profile.records[place:]:
            if kind == "pinned":
                pinned[site_of(profile, stacks[samples[fields["sample"]]["stack"]])] += fields["bytes"]
        self.assertEqual(pinned.most_common(1)[0][0], "site_kept")
        self.assertLess(abs(pinned["site_kept"] - 30000 * 208), 0.25 * 30000 * 208)

    def test_every_block(self):
        """With a rate of 1 byte every block is sampled."""
        self.run_program("signals", "18", rate="1")  # SIGCONT
        profile = self.profile()
        sizes = collections.Counter(sample["size"] for sample in profile.of("allocate"))
        self.assertEqual(sizes[50000], 400)
        self.assertEqual({sample["weight"] for sample in profile.of("allocate") if sample["size"] == 50000}, {50000})

    def test_every_tiny_block(self):
        """The bound on the cost of samples does not apply at a rate of 1 byte."""
        self.run_program("tiny", rate="1", more=",profile_cost:1")
        profile = self.profile()
        sites = {number: site_of(profile, frames) for number, frames in profile.stacks().items()}
        found = collections.Counter((sites[sample["stack"]], sample["size"])
                                    for sample in profile.of("allocate") if sample["size"] <= 5)
        for site, sizes in (("site_temporary", (0, 1, 2, 3)), ("site_zeroed", (0, 5))):
            for size in sizes:
                self.assertEqual(found[site, size], 4000, (site, size))
        self.assertEqual({sample["distance"] for sample in profile.of("allocate")}, {1})
        self.assertEqual({sample["blocks"] for sample in profile.of("allocate")}, {1024})

    def test_samples_that_come_too_fast(self):
        """Samples become rarer, and stand for more."""
        self.run_program("sites", rate="4k", more=",profile_cost:1")
        profile = self.profile()
        samples = profile.of("allocate")
        distances = [sample["distance"] for sample in samples]
        self.assertEqual((profile.rate, min(distances)), (4096, 4096))
        self.assertGreater(max(distances), 2 * 4096)
        true = sum(count * sum(sizes) for count, sizes in self.ALLOCATED.values())
        variance = sum(sample["weight"] * (sample["weight"] - sample["size"]) for sample in samples)
        self.assertLess(abs(sum(sample["weight"] for sample in samples) - true), 5 * math.sqrt(variance) + 300_000)
        for sample in samples:
            chance = -math.expm1(-sample["size"] / sample["distance"])
            self.assertLess(abs(sample["weight"] * chance - sample["size"]), 1e-3 * sample["size"] + 1)

    def test_maps(self):
        self.run_program("sites")
        profile = self.profile()
        paths = {os.path.basename(mapping["path"]): mapping for mapping in profile.of("map")}
        self.assertIn(os.path.basename(PROGRAM), paths)
        notes = subprocess.run(["readelf", "-n", PROGRAM], capture_output=True, text=True, check=True).stdout
        if "Build ID: " in notes:
            build_id = notes.split("Build ID: ")[1].split()[0]
            self.assertEqual(paths[os.path.basename(PROGRAM)]["build_id"], build_id)
        self.assertEqual(profile.program, os.path.realpath(PROGRAM))


class Life(Case):
    def test_killed(self):
        """Killed at any instant: the file has all written records, and no others."""
        chance = random.Random(SEED)
        records = 0
        for round_number in range(12):
            with self.subTest(seed=SEED, round=round_number):
                process = subprocess.Popen([PROGRAM, "threads"], env=self.settings("1k"), stdout=subprocess.PIPE, text=True)
                process.stdout.readline()
                time.sleep(chance.uniform(0, 0.02))
                process.kill()
                process.wait()
                process.stdout.close()
                profile = self.profile()
                self.assertEqual((profile.state, profile.closed, profile.lost), ("recording", False, 0))
                stacks = profile.stacks()
                sites = {number: site_of(profile, frames) for number, frames in stacks.items()}
                for sample in profile.of("allocate"):
                    if sites[sample["stack"]] == "site_temporary":
                        self.assertIn(sample["size"], (1000, 50000))
                records += len(profile.records)
                os.unlink(glob.glob(f"{self.folder}/*")[0])
        self.assertGreater(records, 1000)

    def test_full(self):
        self.run_program("sites", rate="1k", more=",profile_limit:256k")
        profile = self.profile()
        self.assertEqual(profile.state, "full")
        self.assertLessEqual(profile.lost, 1)  # no samples afterwards
        self.assertLessEqual(os.path.getsize(glob.glob(f"{self.folder}/*")[0]), 256 << 10)

    def test_full_disk(self):
        """On a full file system of 1 MiB the program continues, and the file says that it is full."""
        mount = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
        if subprocess.run([*mount, f"mount -t tmpfs -o size=1m none {self.folder}"], capture_output=True).returncode != 0:
            self.skipTest("no file system can be mounted here")
        copy = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, copy)
        subprocess.run([*mount, f"""mount -t tmpfs -o size=1m none {self.folder} &&
            LD_PRELOAD={LIBRARY} ASHLAR_CONF=profile:1k,profile_cost:0,profile_file:{self.folder} {PROGRAM} sites &&
            cp --sparse=always {self.folder}/* {copy}"""], check=True, timeout=100)
        profile = Profile(glob.glob(f"{copy}/*.profile")[0])
        profile.check()
        self.assertEqual(profile.state, "full")

    def test_nowhere(self):
        """Without a place for the file the program runs, and prints the error once."""
        result = subprocess.run([PROGRAM, "sites"], env={**os.environ, "LD_PRELOAD": LIBRARY,
                                "ASHLAR_CONF": "profile:512k,profile_file:/no/such/folder"}, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr.count("\n"), 1)
        self.assertIn("cannot create", result.stderr)
        self.assertIn("profile_file", result.stderr)

    def test_forks(self):
        """A child has its own file, also without fork handlers. A child that does not allocate has none."""
        self.run_program("forks")
        profiles = sorted(self.profiles(), key=lambda profile: profile.parent)
        for profile in profiles:
            profile.check()
        self.assertEqual([profile.parent for profile in profiles], [0, profiles[0].pid, profiles[0].pid])
        sizes = [sum(s["weight"] for s in profile.of("allocate") if s["size"] == 50000) for profile in profiles]
        for size, true in zip(sizes, (300 * 50000, 100 * 50000, 100 * 50000)):
            self.assertLess(abs(size - true), 0.25 * true)
        self.assertEqual(profiles[1].marks()[0], "fork")
        self.assertEqual(profiles[0].state, "stopped")

    def test_calls_in_bare_children(self):
        """Without fork handlers children do not touch the parent's file, and begin their own when they allocate."""
        self.run_program("bare-calls", rate="1k")
        profiles = sorted(self.profiles(), key=lambda profile: profile.parent)
        for profile in profiles:
            profile.check()
        self.assertEqual([profile.parent for profile in profiles], [0] + 3 * [profiles[0].pid])
        self.assertEqual(profiles[0].state, "stopped")

    def test_exec(self):
        """The process keeps its number, and has two files."""
        self.run_program("exec")
        profiles = self.profiles()
        self.assertEqual(len(profiles), 2)
        self.assertEqual(profiles[0].pid, profiles[1].pid)
        self.assertEqual(sorted(profile.state for profile in profiles), ["recording", "stopped"])

    def test_little_memory(self):
        """Where limits leave no room, the program still runs as without the profiler."""
        for limit in (48, 64, 96, 128, 256):
            with self.subTest(limit):
                self.run_program("sites", preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_AS, (limit << 20, limit << 20)))

    def test_hardened(self):
        result = subprocess.run([PROGRAM, "sites"], env={**self.settings(), "LD_PRELOAD": HARDENED}, capture_output=True,
                                text=True, check=True)
        self.assertIn("profile", result.stderr)
        self.assertEqual(os.listdir(self.folder), [])


class Storm(Case):
    def test_storm(self):
        """dlopen, dlclose, exceptions, ending threads, fork, and a second profiler that unwinds whatever its signal
        interrupts. Stacks that are deep, alternate, corrupt, a coroutine's or without descriptions. All happen at
        once. One process runs after the other, so that no file becomes full."""
        over = time.monotonic() + STORM_SECONDS
        while True:
            self.run_program("storm", "40", SHARED_OBJECT, rate="64k")
            profiles = self.profiles()
            self.assertGreater(len(profiles), 1)
            self.assertNotIn("full", [profile.state for profile in profiles])
            deepest = max(len(frames) for profile in profiles for frames in profile.stacks().values())
            self.assertGreater(deepest, 60)
            for profile in profiles:
                profile.check()
                os.unlink(profile.path)
            if time.monotonic() >= over:
                break


class Steering(Case):
    def test_calls(self):
        env = {**os.environ, "LD_PRELOAD": LIBRARY, "ASHLAR_CONF": "profile_cost:0"}
        result = subprocess.run([PROGRAM, "calls", self.folder], env=env, check=True, capture_output=True, text=True, timeout=100)
        first, second = sorted(self.profiles(), key=lambda profile: profile.rate, reverse=True)
        first.check()
        second.check()
        self.assertEqual((first.rate, second.rate), (1000, 500))
        self.assertTrue(result.stdout.strip().endswith(".1.profile"))
        marks = [mark for mark in first.marks() if mark != "high-water"]
        self.assertEqual(marks, ["start", "pause", "resume", "dump", "stop"])
        self.assertEqual(len(first.of("thread")), 1)
        kept = [sample for sample in first.of("allocate") if sample["size"] == 100000]
        self.assertEqual([sample["sample"] in first.live() for sample in kept], [False, True])

    def test_signal(self):
        """The first signal starts, later signals request a dump."""
        for number in (signal.SIGUSR1, signal.SIGRTMIN):
            with self.subTest(number):
                self.run_program("signals", str(int(number)), rate="0", more=f",profile_signal:{int(number)}")
                path = glob.glob(f"{self.folder}/*")[0]
                profile = Profile(path)
                profile.check()
                marks = [mark for mark in profile.marks() if mark != "high-water"]
                self.assertEqual(marks, ["start", "dump", "dump", "exit"])
                os.unlink(path)

    def test_from_outside(self):
        """Another process stores one word to switch the profiler."""
        symbols = subprocess.run(["nm", "-C", LIBRARY], check=True, capture_output=True, text=True).stdout
        offset = next(int(line.split()[0], 16) for line in symbols.splitlines()
                      if line.endswith(" ashlar::heap::sampling::control"))
        process = subprocess.Popen([PROGRAM, "asked"], env=self.settings("0"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.stdout.close)
        with open(f"/proc/{process.pid}/maps", encoding="utf-8") as file:
            self.assertEqual(process.stdout.readline(), "ready\n")
            base = next(int(line.split("-")[0], 16) for line in file if line.rstrip().endswith(os.path.realpath(LIBRARY)))
        for word in (1, 1, 2, 1 | 0x100, 3):  # record, again, pause, continue and dump, stop
            with open(f"/proc/{process.pid}/mem", "r+b", buffering=0) as memory:
                memory.seek(base + offset)
                memory.write(word.to_bytes(4, "little"))
            process.stdin.write("\n")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), "ready\n")
        process.stdin.close()
        self.assertEqual(process.wait(), 0)
        profile = self.profile()
        self.assertEqual(profile.state, "stopped")
        self.assertEqual([mark for mark in profile.marks() if mark != "high-water"],
                         ["start", "pause", "resume", "dump", "stop"])

    def test_no_such_signal(self):
        result = self.run_program("sites", rate="0", more=f",profile_signal:{int(signal.SIGKILL)}")
        self.assertIn("profile_signal: 9", result.stderr)

    def test_interval(self):
        """Writes each millisecond in which it allocates."""
        self.run_program("sites", more=",profile_interval_ms:1")
        profile = self.profile()
        self.assertIn("interval", profile.marks())


class Programs(Case):
    def check_program(self, command, **options):
        env = {**self.settings("64k"), **options.pop("env", {})}
        result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=170, **options)
        plain = subprocess.run(command, capture_output=True, text=True, timeout=170, **options)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (plain.returncode, plain.stdout, plain.stderr))
        profiles = self.profiles()
        self.assertTrue(profiles)
        for profile in profiles:
            profile.check()
        return profiles

    def test_python(self):
        script = "x = [bytes(1000) for _ in range(20000)]; import json; print(len(json.dumps([str(i) for i in range(100000)])))"
        profiles = self.check_program([sys.executable, "-c", script])
        best = max(profiles, key=lambda profile: len(profile.records))
        self.assertGreater(sum(sample["weight"] for sample in best.of("allocate")), 15 << 20)
        depths = [len(frames) for frames in best.stacks().values()]
        self.assertGreater(max(depths), 10)

    def test_sort(self):
        text = "\n".join(str(i * 7919 % 100003) for i in range(100000))
        self.check_program(["sort", "--parallel=4", "-S", "64M"], input=text)

    def test_compiler(self):
        self.check_program(["g++", "-x", "c++", "-fsyntax-only", "-"], input="#include <map>\n#include <string>\n")


if __name__ == "__main__":
    print(f"seed {SEED}: ASHLAR_TEST_SEED repeats it", flush=True)
    unittest.main(verbosity=2)
