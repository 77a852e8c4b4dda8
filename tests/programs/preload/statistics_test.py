#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests statistics of real processes: the files and the signal of the settings stats_*, and texts for other programs'
parsers.

usage: statistics_test.py LIBRARY
"""
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

LIBRARY = sys.argv.pop(1)
LIMIT = 60  # seconds until a run is hung
SUM = ("allocated", "cached", "free_resident", "dirty_resident", "metadata_resident")

HOLDER = """
import os, signal, sys
held = [bytearray(i) for i in range(20000)]
print('ready', flush=True)
for line in sys.stdin:
    exec(line)
    print('done', flush=True)
"""


def environment(*settings):
    return {**os.environ, "LD_PRELOAD": LIBRARY, "ASHLAR_CONF": ",".join(settings)}


def run(program, *settings, cwd=None):
    return subprocess.run([sys.executable, "-c", program], env=environment(*settings), timeout=LIMIT, check=True,
                          capture_output=True, text=True, cwd=cwd)


class Holder:
    """A process that holds some memory and obeys commands."""

    def __init__(self, *settings, cwd=None):
        self.process = subprocess.Popen([sys.executable, "-c", HOLDER], env=environment(*settings), text=True, cwd=cwd,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate(timeout=LIMIT)

    def do(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        self.process.stdout.readline()


def wait_for(condition):
    """Returns the condition's value once it is true."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("nothing came")


def samples_of_prometheus(text):
    """Returns the samples by name and labels. Fails if the text is not in the exposition format 0.0.4."""
    kinds = {}
    samples = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            assert re.fullmatch(r"# HELP [a-z_]+ [^\\\n]+", line), line
        elif line.startswith("# TYPE "):
            name, kind = re.fullmatch(r"# TYPE ([a-z_]+) (gauge|counter)", line).groups()
            assert name not in kinds, line
            kinds[name] = kind
        else:
            name, labels, value = re.fullmatch(r'([a-z_]+)(\{(?:size="\d+"|lock="[a-z_]+")\})? (\d+(?:\.\d+)?)', line).groups()
            assert next(reversed(kinds)) == name, f"{line}: outside of its family"
            assert name.endswith("_total") == (kinds[name] == "counter"), line
            assert (name, labels) not in samples, line
            samples[name, labels] = float(value)
    assert text.endswith("\n")
    return samples


class Statistics(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="ascii") as file:
            return file.read()

    def check_json(self, text, at_exit=False):
        statistics = json.loads(text)
        process = statistics["process"]
        self.assertEqual(sum(process[row] for row in SUM) - process["untouched"], process["resident"])
        self.assertLessEqual(process["resident"], process["committed"] + process["metadata"])
        self.assertGreater(process["refills"], 0)
        refills = sum(row["refills"] for row in statistics["classes"])
        if at_exit:
            self.assertEqual(refills, process["refills"])
        else:
            self.assertGreaterEqual(refills, process["refills"])  # collected later
        for row in statistics["classes"]:
            self.assertGreaterEqual(row["slab_bytes"], row["free"] * row["size"])
        return statistics

    def test_file_at_exit(self):
        run("held = [bytearray(1000) for i in range(5000)]; held.clear()", f"stats_at_exit:{self.path('a.json')}")
        self.check_json(self.read("a.json"), at_exit=True)
        self.assertEqual(os.listdir(self.folder), ["a.json"])

    def test_text_and_prometheus_tell_the_same(self):
        run("pass", f"stats_at_exit:{self.path('a.txt')}")
        rows = dict(line.split() for line in self.read("a.txt").splitlines() if not line.startswith("class "))
        run("pass", f"stats_at_exit:{self.path('a.prom')}")
        samples = samples_of_prometheus(self.read("a.prom"))
        self.assertEqual(len([1 for _, labels in samples if labels is None]), len(rows))
        self.assertEqual(samples["ashlar_window_bytes", None], float(rows["window"]))
        self.assertIn(("ashlar_refill_seconds_total", None), samples)
        classes = [line.split() for line in self.read("a.txt").splitlines() if line.startswith("class ")]
        self.assertGreater(len(classes), 10)
        self.assertIn(("ashlar_class_live", '{size="64"}'), samples)

    def test_a_link_is_written_to_and_stays(self):
        with open(self.path("target"), "w", encoding="ascii") as file:
            file.write("before\n")
        os.symlink("target", self.path("link"))
        run("pass", f"stats_at_exit:{self.path('link')}")
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertTrue(self.read("target").startswith("before\nwindow "))

    def test_a_pipe_is_written_to(self):
        done = run("pass", "stats_at_exit:/dev/stderr")
        self.assertIn("\nfallback_calls 0\n", done.stderr)
        self.assertTrue(os.path.islink("/dev/stderr"))

    def test_what_cannot_be_written_is_told(self):
        done = run("pass", f"stats_at_exit:{self.path('none/a')}", "stats_signal:9")
        self.assertRegex(done.stderr, r'ashlar: cannot write statistics to ".*none/a": error 2\n')
        self.assertIn("ashlar: stats_signal:9 ignored; that is no signal a program can handle\n", done.stderr)

    def test_a_path_that_is_too_long_is_told(self):
        done = run("pass", "stats_file:/" + "x" * 300)
        self.assertIn(" ignored; say a path of less than 256 bytes\n", done.stderr)

    def test_children(self):
        program = "import os\nif os.fork() == 0: exit()\nos.wait()"
        run(program, f"stats_at_exit:{self.path('a')}")
        self.assertEqual(os.listdir(self.folder), ["a"])
        os.remove(self.path("a"))
        run(program, f"stats_at_exit:{self.path('a.%p')}")
        self.assertEqual(len(os.listdir(self.folder)), 2)

    def test_live_file(self):
        with Holder(f"stats_file:{self.path('a.json')}") as holder:
            wait_for(lambda: os.path.exists(self.path("a.json")))
            first = self.check_json(self.read("a.json"))
            self.assertEqual(first["pid"], holder.process.pid)
            holder.do("held.append([bytearray(1000) for i in range(50000)])")

            def grown():
                statistics = self.check_json(self.read("a.json"))  # complete at any moment
                return statistics["process"]["allocated"] > first["process"]["allocated"] + 30_000_000

            wait_for(grown)

    def test_files_do_not_follow_the_process_to_another_folder(self):
        os.mkdir(self.path("other"))
        run("import os; os.chdir('other')", "stats_at_exit:a.%p.txt", cwd=self.folder)
        self.assertEqual(os.listdir(self.path("other")), [])
        self.assertEqual(len(os.listdir(self.folder)), 2)
        with Holder("stats_file:b.json", cwd=self.folder) as holder:
            wait_for(lambda: os.path.exists(self.path("b.json")))
            holder.do("import os; os.chdir('other')")
            before = os.stat(self.path("b.json")).st_ino
            wait_for(lambda: os.stat(self.path("b.json")).st_ino != before)
            self.assertEqual(os.listdir(self.path("other")), [])

    def test_signal(self):
        with Holder("stats_signal:10") as holder:
            # One of the first allocations starts the thread.
            wait_for(lambda: len(os.listdir(f"/proc/{holder.process.pid}/task")) == 2)
            holder.do("os.kill(os.getpid(), 10)")
            lines = [holder.process.stderr.readline()]
            while not lines[-1].startswith("ashlar: fallback_calls "):
                lines.append(holder.process.stderr.readline())
            self.assertTrue(lines[0].startswith("ashlar: window "))
            holder.do("held.clear()")

    def test_signal_brings_the_file_up_to_date(self):
        with Holder("stats_signal:10", f"stats_file:{self.path('a.%p.json')}") as holder:
            name = f"a.{holder.process.pid}.json"
            wait_for(lambda: os.path.exists(self.path(name)))
            before = os.stat(self.path(name)).st_ino
            holder.do("os.kill(os.getpid(), 10)")
            wait_for(lambda: os.stat(self.path(name)).st_ino != before)
            self.check_json(self.read(name))

    def test_xml(self):
        run(f"""
import ctypes
c = ctypes.CDLL(None)
c.fopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(c.fopen(b'{self.path("a.xml")}', b'w'))
assert c.malloc_info(0, stream) == 0
c.fclose(stream)
""")
        document = xml.etree.ElementTree.fromstring(self.read("a.xml"))
        self.assertEqual(document.tag, "malloc")
        self.assertGreater(len(document.findall("heap/class")), 10)
        sizes = {row.get("type"): int(row.get("size")) for row in document.findall("system")}
        self.assertGreater(sizes["current"], sizes["allocated"])

    @unittest.skipUnless(platform.machine() == "x86_64", "elsewhere the heap is at other addresses")
    def test_the_sum_is_what_the_kernel_says(self):
        program = """
import ctypes, json, os, random, re, struct
get = ctypes.CDLL(None).ashlar_get_statistics
size = 11 * 8 + 2 * 4 + 16 * 8
buffer = ctypes.create_string_buffer(size)
def of_kernel():
    resident = 0
    for line in open('/proc/self/smaps'):
        mapping = re.match('([0-9a-f]+)-', line)
        if mapping: ours = 22 << 40 <= int(mapping[1], 16) < 42 << 40
        elif ours and line.startswith('Rss:'): resident += int(line.split()[1]) * 1024
    return resident
def compare(phase):
    assert get(buffer, ctypes.c_size_t(size)) == 0
    print(phase, struct.unpack_from('Q', buffer, 96)[0], of_kernel())
compare('fresh')
held = [b'x' * random.randrange(3000) for i in range(100000)]
large = [bytearray(b'x') * 3000000 for i in range(10)]
compare('full')
random.shuffle(held)
del held[::2], large[::2]
compare('half')
ctypes.CDLL(None).malloc_trim(0)
compare('trimmed')
"""
        for line in run(program).stdout.splitlines():
            phase, ledger, kernel = line.split()
            difference = abs(int(ledger) - int(kernel))
            self.assertLessEqual(difference, max(int(kernel) * 3 // 100, 256 << 10), phase)


if __name__ == "__main__":
    unittest.main()
