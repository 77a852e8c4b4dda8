# SPDX-License-Identifier: MIT
"""Tests `ashlar stats`: it tells apart programs whose memory is mostly of one kind, and the ledger adds up to RSS.

usage: stats_test.py ASHLAR LIBRARY PROGRAMS

ASHLAR_STATS_RUNS sets how often each program is read (1)."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest

ASHLAR, LIBRARY, PROGRAMS = map(os.path.abspath, sys.argv[1:4])
CLEAN = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASHLAR_CONF")}
RUNS = int(os.environ.get("ASHLAR_STATS_RUNS", "1"))
LIMIT = 60
NOBODY = 65534
KEEPS_ALL = "dirty_limit:1g,purge_delay_ms:1000000"
HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled"


def no_huge_pages():
    try:
        with open(HUGE_PAGES, encoding="ascii") as file:
            return "[never]" in file.read()
    except OSError:
        return True


class Target:
    """Runs a planted program. It has reached its shape when the constructor returns."""

    def __init__(self, plant, *words, conf="", preload=True, **options):
        environment = dict(CLEAN, ASHLAR_CONF=conf)
        if preload:
            environment["LD_PRELOAD"] = LIBRARY
        self.child = subprocess.Popen([os.path.join(PROGRAMS, "memory_shapes"), plant, *words], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, env=environment, **options)
        said = self.child.stdout.readline()
        assert said == b"ready\n", f"{plant} said {said}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    @property
    def pid(self):
        return self.child.pid

    def end(self, how=None):
        if how is not None:
            self.child.send_signal(how)
        self.child.stdin.close()
        self.child.stdout.close()
        return self.child.wait(LIMIT)


def stats(*arguments, wrapper=(), **options):
    return subprocess.run([*wrapper, ASHLAR, "stats", *map(str, arguments)], env=CLEAN, capture_output=True, text=True,
                          timeout=LIMIT, **options)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def read(self, target, *arguments, status=0, **options):
        done = stats(target.pid, "--json", "-", *arguments, **options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def check_sum(self, reading):
        parts, rss = sum(reading["parts"].values()), reading["rss"]
        self.assertEqual(parts, reading["sum"])
        self.assertLessEqual(abs(parts - rss), max(0.03 * rss, 256 << 10), reading)

    def fails(self, done, status, *words):
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        for word in ("ashlar", *words):
            self.assertIn(word, done.stderr)


def rss_of(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Rss: *(\d+) kB", file.read(), re.MULTILINE).group(1)) << 10


class Verdicts(Case):
    def expect(self, plant, verdict, part=None, conf="", interval="0.4"):
        for run in range(RUNS):
            with self.subTest(run=run), Target(plant, conf=conf) as target:
                reading = self.read(target, "--interval", interval)
                self.assertEqual(reading["verdict"]["name"], verdict, json.dumps(reading, indent=1))
                self.assertNotEqual(reading["verdict"]["advice"], "")
                self.check_sum(reading)
                if part is not None:
                    self.assertEqual(max(reading["parts"], key=reading["parts"].get), part)
                if verdict != "leak suspected":  # its memory does not change
                    self.assertLessEqual(abs(reading["rss"] - rss_of(target.pid)), max(0.03 * reading["rss"], 256 << 10))

    def test_leak_of_small_blocks(self):
        self.expect("leak_small", "leak suspected", interval="2")

    def test_leak_of_large_blocks(self):
        self.expect("leak_large", "leak suspected", interval="2")

    def test_cache(self):
        self.expect("cache", "in use", "live")

    def test_cache_in_use(self):
        self.expect("cache_in_use", "in use", "live")

    def test_retained(self):
        self.expect("retained", "retained", "free_dirty", conf=KEEPS_ALL)

    def test_fragmented(self):
        self.expect("fragmented", "fragmented", "free_in_slabs")

    def test_huge_pages(self):
        if no_huge_pages():
            self.skipTest("the system has no huge pages")
        self.expect("huge_pages", "huge pages", "huge_page_excess", conf="huge_pages:always")
        with Target("huge_pages", conf="huge_pages:always") as target:
            text = stats(target.pid, "--interval", "0").stdout
            self.assertLess(text.index("excess of huge pages"), text.index("\nnot the heap"))

    def test_stack(self):
        self.expect("stack", "not the heap", "stacks")

    def test_file(self):
        self.expect("file", "not the heap", "files")

    def test_foreign(self):
        self.expect("foreign", "not the heap", "other_anonymous")

    def test_mixed(self):
        self.expect("live_and_foreign", "undecided")
        self.expect("fragmented_and_live", "undecided")

    def test_the_heaps_own_locks(self):
        with Target("cache", conf="count:true") as target:
            locks = self.read(target)["locks"]
            self.assertGreater(locks["bins"]["acquisitions"], 0)
            self.assertGreater(locks["superslabs"]["acquisitions"], 0)
            for counts in locks.values():
                self.assertLessEqual(counts["contended"], counts["acquisitions"])
                self.assertLessEqual(counts["wait_max_ns"], counts["wait_ns"])
            text = stats(target.pid).stdout
            self.assertRegex(text, r"the heap's own locks +taken +contended +waited +longest wait")
            self.assertRegex(text, r"(?m)^ *bins +\d+")
            self.assertRegex(stats(target.pid, "--prometheus", "-").stdout,
                             r'(?m)^ashlar_lock_acquisitions_total\{[^}]*lock="bins"\} [1-9]')
        with Target("cache") as target:
            self.assertEqual(self.read(target)["locks"], {})

    def test_the_help_fits(self):
        with Target("retained", conf=KEEPS_ALL) as target:
            self.assertIn("background:true", self.read(target, "--interval", "0.1")["verdict"]["advice"])
            self.assertIn("dirty_limit:0", self.read(target, "--interval", "0")["verdict"]["advice"])
        with Target("leak_small") as target:
            self.assertIn("blocks of 1024 bytes", self.read(target, "--interval", "2")["verdict"]["sentence"])
        with Target("fragmented") as target:
            self.assertIn("blocks of 512 bytes", self.read(target, "--interval", "0")["verdict"]["sentence"])


class Output(Case):
    def test_text(self):
        with Target("fragmented") as target:
            done = stats(target.pid, "--interval", "0.1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for part in (f"process {target.pid} (memory_shapes) on Ashlar", "free in slabs", "files", "sum", "512 B", "not in memory",
                     "fragmented: ", "what would help: "):
            self.assertIn(part, done.stdout)

    def test_json_knows_the_blocks(self):
        with Target("cache") as target:
            reading = self.read(target, "--interval", "0")
        self.assertEqual((reading["format"], reading["name"]), ("ashlar-stats-1", "memory_shapes"))
        self.assertEqual(os.path.realpath(reading["library"]), os.path.realpath(LIBRARY))
        of_size = {row["size"]: row for row in reading["classes"]}
        kept = (64 << 20) // 1000
        self.assertLessEqual(abs(of_size[1024]["live"] - kept), kept // 100)
        self.assertGreaterEqual(reading["heap"]["live"], 64 << 20)

    def test_prometheus(self):
        file = os.path.join(self.folder, "ashlar.prom")
        with Target("cache") as target:
            self.assertEqual(stats(target.pid, "--interval", "0", "--prometheus", file).returncode, 0)
            done = stats(target.pid, "--interval", "0", "--prometheus", "-")
        with open(file, encoding="utf-8") as written:
            self.assertIn(f'ashlar_memory_bytes{{pid="{target.pid}",name="memory_shapes",part="live"}} ', written.read())
        families = set()
        for line in done.stdout.splitlines():
            if line.startswith("# TYPE "):
                families.add(line.split()[2])
            elif not line.startswith("# HELP "):
                self.assertRegex(line, r'^[a-z_]+\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\} \d+$')
                self.assertIn(line.split("{")[0], families)

    def test_difference(self):
        file = os.path.join(self.folder, "before.json")
        with Target("leak_small") as target:
            self.assertEqual(stats(target.pid, "--interval", "0", "--json", file).returncode, 0)
            self.read(target, "--interval", "0.2")  # it still leaks meanwhile
            done = stats(target.pid, "--diff", file)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("live memory grew by", done.stdout)
            self.assertIn("blocks of 1024 bytes", done.stdout)
            self.assertNotIn("leak suspected", done.stdout)
            self.assertNotIn("grew steadily", done.stdout)
            self.assertIn("change", done.stdout)
        with Target("cache") as other:
            done = stats(other.pid, "--diff", file)
            self.assertIn("of another process", done.stdout)
            self.assertIn("\nin use: ", done.stdout)
            for text in ("", "{", "[]", "{}", '{"format": "ashlar-diagnosis-1"}', '{"format": "ashlar-stats-1", "process": "x"}'):
                with open(file, "w", encoding="ascii") as damaged:
                    damaged.write(text)
                self.fails(stats(other.pid, "--diff", file), 2, "--diff", file)
            self.fails(stats(other.pid, "--diff", self.folder + "/none"), 2, "--diff")


class Refused(Case):
    def test_no_such_process(self):
        target = Target("cache")
        target.end()
        self.fails(stats(target.pid), 1, f"no process {target.pid}")
        self.fails(stats("x"), 2, "'x'")
        self.fails(stats("-5"), 2)
        self.fails(stats("99999999999999999999"), 2)
        self.assertEqual(stats().returncode, 2)

    def test_process_that_was_not_waited_for(self):
        with Target("cache") as target:
            target.child.kill()
            os.waitid(os.P_PID, target.pid, os.WEXITED | os.WNOWAIT)
            self.fails(stats(target.pid), 1, "has ended")

    def test_process_not_on_ashlar(self):
        with Target("cache", preload=False) as target:
            self.fails(stats(target.pid), 1, "does not run on Ashlar", "ashlar run", "ashlar doctor")

    def test_switched_off(self):
        with Target("cache", conf="enabled:false") as target:
            reading = self.read(target, "--interval", "0")
            self.assertFalse(reading["heap"]["window_open"])
            self.assertEqual(reading["verdict"]["name"], "not the heap")
            self.check_sum(reading)

    def test_memory_that_may_not_be_read(self):
        with Target("foreign") as target:
            reading = self.read(target, "--interval", "0", status=125, wrapper=[os.path.join(PROGRAMS, "without_ptrace")])
            self.assertEqual(reading["refusal"]["cause"], "seccomp")
            self.assertEqual(reading["verdict"]["name"], "not the heap")  # the mappings show it
            self.check_sum(reading)
        with Target("cache") as target:
            reading = self.read(target, status=125, wrapper=[os.path.join(PROGRAMS, "without_ptrace")])
            self.assertEqual(reading["verdict"]["name"], "undecided")
            self.assertGreater(reading["parts"]["heap"], 60 << 20)
            done = stats(target.pid, wrapper=[os.path.join(PROGRAMS, "without_ptrace")])
            self.assertEqual(done.returncode, 125)
            self.assertIn("remedy: ", done.stdout)

    def as_nobody(self):
        if os.getuid() != 0:
            self.skipTest("only root can become somebody else")
        try:
            subprocess.run([ASHLAR, "--version"], check=True, stdout=subprocess.DEVNULL, user=NOBODY, group=NOBODY)
        except OSError:
            self.skipTest("the build tree is closed to others")
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def test_process_of_somebody_else(self):
        nobody = self.as_nobody()
        with Target("cache") as target:
            reading = self.read(target, status=125, **nobody)
            self.assertEqual(reading["refusal"]["cause"], "another user")
            self.assertGreater(reading["parts"]["anonymous"], 60 << 20)
            self.check_sum(reading)

    def test_process_that_is_not_dumpable(self):
        nobody = self.as_nobody()
        with Target("cache", "closed", **nobody) as target:
            reading = self.read(target, status=125, **nobody)
            self.assertEqual(reading["refusal"]["cause"], "not dumpable")
            self.assertIn("CAP_SYS_PTRACE", reading["refusal"]["remedy"])
            self.assertEqual(self.read(target, "--interval", "0")["refusal"], None)  # root may read it

    def test_own_process_needs_no_rights(self):
        nobody = self.as_nobody()
        with Target("cache", **nobody) as target:
            self.assertEqual(self.read(target, "--interval", "0.1", **nobody)["verdict"]["name"], "in use")


class Endings(Case):
    def start(self, target, *arguments):
        return subprocess.Popen([ASHLAR, "stats", str(target.pid), *arguments], env=CLEAN, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def test_process_that_ends_while_it_is_watched(self):
        """The end is noticed at once, not at the end of the interval."""
        with Target("cache") as target:
            watcher = self.start(target, "--interval", "80000")
            self.wait_until_it_polls(watcher)
            target.end()
            out, err = watcher.communicate(timeout=LIMIT)
        self.assertEqual(watcher.returncode, 1, err)
        self.assertIn("ended while it was watched", out)
        self.assertIn("in use", out)

    def wait_until_it_polls(self, watcher):
        while True:
            with open(f"/proc/{watcher.pid}/syscall", encoding="ascii") as file:
                if file.read().split()[0] in ("7", "73", "271"):  # poll or ppoll
                    return
            os.sched_yield()

    def test_process_that_ends_at_any_time(self):
        for steps in range(0, 120, 4):
            target = Target("leak_small")
            watcher = self.start(target, "--interval", "0.05", "--json", "-")
            for _ in range(steps * 50):
                os.sched_yield()
            target.end(signal.SIGKILL)
            out, err = watcher.communicate(timeout=LIMIT)
            self.assertIn(watcher.returncode, (0, 1), err)
            if watcher.returncode == 0 or out:
                json.loads(out)
            else:
                self.assertRegex(err, "ended|no process|no memory|changed")

    def test_interrupted(self):
        with Target("cache") as target:
            watcher = self.start(target, "--interval", "80000")
            self.wait_until_it_polls(watcher)
            watcher.send_signal(signal.SIGINT)
            out, _ = watcher.communicate(timeout=LIMIT)
        self.assertEqual(watcher.returncode, 130)
        self.assertIn("interrupted", out)
        self.assertIn("live", out)


class Load(Case):
    def test_each_reading_of_a_busy_process_is_within_bounds(self):
        """Holds 100 000 blocks of 16 to 1015 bytes all the time, give or take one."""
        with Target("cache_in_use") as target:
            for _ in range(20 * RUNS):
                reading = self.read(target, "--interval", "0")
                self.check_sum(reading)
                live = sum(row["live"] for row in reading["classes"])
                self.assertLessEqual(abs(live - 100_000), 2_000, reading["classes"])
                self.assertLessEqual(abs(reading["heap"]["live"] - 53_700_000), 2_000_000)


if __name__ == "__main__":
    unittest.main(argv=[*sys.argv[:1], *sys.argv[4:]])
