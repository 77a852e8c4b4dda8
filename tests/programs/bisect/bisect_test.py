# SPDX-License-Identifier: MIT
"""Tests scripts/bisect.sh on a small repository with planted faults: twelve commits, of which two do not build.

usage: bisect_test.py SCRIPTS CC BUILD_TREE [unittest argument...]"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SCRIPTS, CC, TREE = sys.argv[1:4]
sys.path.insert(0, os.path.join(SCRIPTS, "bisect"))
import figures  # pylint: disable=wrong-import-position
import find_commit  # pylint: disable=wrong-import-position
import runs  # pylint: disable=wrong-import-position

COMMITS = 12
UNBUILT = (5, 6)  # the first commits of a search in twelve
SLOWER_FROM = 3
HANGS_FROM = 9
TROUBLE_FROM = 7  # right behind the broken builds, so any of the three may be the cause
CMAKE = """cmake_minimum_required(VERSION 3.13)
project(tiny LANGUAGES C)
add_library(ashlar_shared SHARED malloc.c)
set_target_properties(ashlar_shared PROPERTIES OUTPUT_NAME ashlar LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
target_compile_options(ashlar_shared PRIVATE -fno-builtin)
"""
SOURCE = """#include <stddef.h>
extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void __libc_free(void*);
const char tiny_text[] = "%(trouble)s";
const int tiny_number = %(number)d;
void* malloc(size_t size) {
    for (volatile int i = 0; i < %(steps)d; ++i) {
    }
    return __libc_malloc(size);
}
void* realloc(void* block, size_t size) { return __libc_realloc(block, size); }
void free(void* block) { __libc_free(block); }
void* calloc(size_t count, size_t size) {
    for (volatile int i = 0; %(hangs)s && size == 4321; ++i) {
    }
    return __libc_calloc(count, size);
}
"""
PROGRAM = """#include <stdlib.h>
int main(int count, char** words) {
    for (int i = 0; i < (count > 2 ? atoi(words[2]) : 2000); ++i) {
        void* volatile block = malloc(100);
        free(block);
    }
    void* volatile cleared = calloc(count, count > 1 ? atoi(words[1]) : 1);
    free(cleared);
    return 0;
}
"""


def environment(folder):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") and key not in ("LD_PRELOAD", "CDPATH")}
    for role in ("AUTHOR", "COMMITTER"):
        kept.update({f"GIT_{role}_NAME": "A. Tester", f"GIT_{role}_EMAIL": "tester@example.org"})
    return {**kept, "XDG_CACHE_HOME": os.path.join(folder, "cache"), "CC": CC, "CCACHE_DISABLE": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}


class Planted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="ashlar-bisect-")
        cls.repository, cls.program = os.path.join(cls.folder, "tiny"), os.path.join(cls.folder, "program")
        cls.environment = environment(cls.folder)
        os.mkdir(cls.repository)
        cls.git("init", "--quiet", "--initial-branch=main")
        cls.write("CMakeLists.txt", CMAKE)
        for number in range(COMMITS):
            source = SOURCE % {"number": number, "steps": 220 if number >= SLOWER_FROM else 20, "hangs": int(number >= HANGS_FROM),
                               "trouble": "trouble" if number >= TROUBLE_FROM else "none"}
            cls.write("malloc.c", source + ("#error planted\n" if number in UNBUILT else ""))
            cls.git("add", ".")
            cls.git("commit", "--quiet", "-m", cls.subject(number))
        cls.write("program.c", PROGRAM, cls.folder)
        subprocess.run([CC, "-O1", "-fno-builtin", os.path.join(cls.folder, "program.c"), "-o", cls.program], check=True)
        # A hook that the search must not run.
        hook = os.path.join(cls.repository, ".git/hooks/post-checkout")
        cls.write(hook, "#!/bin/sh\ntouch hook-was-here\n", "")
        os.chmod(hook, 0o755)
        cls.write("local.txt", "the user's own work\n")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @staticmethod
    def subject(number):
        return f"Change number {number}"

    @classmethod
    def write(cls, name, text, folder=None):
        with open(os.path.join(cls.repository if folder is None else folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    @classmethod
    def git(cls, *words):
        return subprocess.run(["git", "-C", cls.repository, *words], env=cls.environment, check=True, capture_output=True,
                              text=True).stdout

    def command(self, *words, good=f"main~{COMMITS - 1}", bad="main"):
        return [os.path.join(SCRIPTS, "bisect.sh"), good, bad, "--repository", self.repository, *words]

    def bisect(self, *words, **ends):
        return subprocess.run(self.command(*words, **ends), env=self.environment, capture_output=True, text=True, check=False,
                              timeout=80)

    def found(self, run, number):
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertRegex(run.stdout, rf"(?m)^first bad commit: [0-9a-f]+ {self.subject(number)}$")
        self.untouched()

    def untouched(self):
        self.assertEqual(self.git("status", "--porcelain"), "?? local.txt\n")
        self.assertEqual(self.git("rev-parse", "--abbrev-ref", "HEAD").strip(), "main")
        self.assertEqual(len(self.git("worktree", "list").splitlines()), 1)

    @unittest.skipUnless(shutil.which("valgrind"), "valgrind is missing")
    def test_more_instructions(self):
        run = self.bisect("--by", "instructions", "--", self.program)
        self.found(run, SLOWER_FROM)
        for number in UNBUILT:
            self.assertRegex(run.stdout, rf"(?m)^[0-9a-f]+  skipped +does not build +{self.subject(number)}$")
        self.assertRegex(run.stdout, rf"(?m)^[0-9a-f]+  bad +[\d,]+, x 1\d\.\d+ +{self.subject(SLOWER_FROM)}$")
        # The threshold is applied to existing measurements: nothing runs again.
        again = self.bisect("--by", "instructions", "--threshold", "30", "--", self.program)
        self.assertEqual(again.returncode, 2)
        self.assertRegex(again.stderr, r"BAD is not bad: .* x 1\d\.\d+ \(bad from x 30\)")

    @unittest.skipUnless(shutil.which("valgrind") and os.path.exists(os.path.join(TREE, "bin/random_mixed")), "not built")
    def test_benchmark(self):
        self.found(self.bisect("tiny_pairs", "--tree", TREE), SLOWER_FROM)

    def test_more_cpu_time(self):
        run = self.bisect("--threshold", "1.4", "--rounds", "5", "--", self.program, "1", "2000000")
        self.found(run, SLOWER_FROM)
        self.assertRegex(run.stdout, "(?m)^commit +verdict +cpu +subject$")

    def test_more_memory(self):
        script = "import time; block = b'1' * (100 << 20); time.sleep(0.2)"
        run = self.bisect("--by", "memory", "--", "sh", "-c",
                          f'if grep -q trouble "$ASHLAR_LIBRARY"; then exec {sys.executable} -c "{script}"; fi; sleep 0.1',
                          bad=f"main~{COMMITS - 1 - HANGS_FROM}", good=f"main~{COMMITS - 1 - UNBUILT[0] + 1}")
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertRegex(run.stdout, rf"(?m)^[0-9a-f]+  bad +[\d,]+, x [\d.]+ +{self.subject(TROUBLE_FROM)}$")

    def test_hang(self):
        run = self.bisect("--timeout", "1", "--", self.program, "4321")
        self.found(run, HANGS_FROM)
        self.assertRegex(run.stdout, rf"(?m)^[0-9a-f]+  bad +no result within 1 s +{self.subject(HANGS_FROM)}$")

    def test_only_skipped_ones_are_left(self):
        run = self.bisect("--", "sh", "-c", '! grep -q trouble "$ASHLAR_LIBRARY"')
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        for number in range(COMMITS):
            listed = f"  {self.git('log', '-1', '--format=%h', f'main~{COMMITS - 1 - number}').strip()} {self.subject(number)}\n"
            self.assertEqual(listed in run.stdout, number in (*UNBUILT, TROUBLE_FROM), run.stdout)
        self.untouched()

    def test_goes_on_after_an_end(self):
        for how in (signal.SIGKILL, signal.SIGINT):
            log = os.path.join(self.folder, f"log-{how}")
            script = f'echo "$ASHLAR_COMMIT" >>{log}; sleep 0.4; ! grep -q trouble "$ASHLAR_LIBRARY"'
            words = ["--", "sh", "-c", script]
            with subprocess.Popen(self.command(*words, bad="main~1"), env=self.environment, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as process:
                until = time.monotonic() + 60
                while time.monotonic() < until and not (os.path.exists(log) and len(self.lines(log)) == 3):
                    time.sleep(0.05)
                process.send_signal(how)
                self.assertEqual(process.wait(), -how if how == signal.SIGKILL else 130)
            before = self.lines(log)
            self.assertEqual(len(before), 3)
            run = self.bisect(*words, bad="main~1")
            self.assertEqual(run.returncode, 1, run.stderr)
            after = self.lines(log)[3:]
            self.assertEqual(after[0], before[2])  # the interrupted commit
            self.assertEqual(len(set(after)), len(after))
            self.assertFalse(set(after) & set(before[:2]))
            self.untouched()
            # --fresh measures everything again.
            self.bisect("--fresh", *words, bad="main~1")
            self.assertEqual(sorted(self.lines(log)[3 + len(after):]), sorted([*before[:2], *after]))

    @staticmethod
    def lines(name):
        with open(name, encoding="ascii") as file:
            return file.read().split()

    def test_errors(self):
        for words, ends, text in (
                (["--", "true"], {}, "BAD is not bad"), (["--", "false"], {}, "GOOD is not good: status 1"),
                (["--", "/no/such"], {}, "/no/such: No such file"),
                (["--", "true"], {"good": "nowhere"}, "has no commit nowhere"),
                (["--", "true"], {"good": "main", "bad": "main~2"}, "GOOD is no ancestor"),
                (["--", "true"], {"good": "main"}, "the same"),
                (["--", "true"], {"bad": f"main~{COMMITS - 1 - UNBUILT[0]}"}, "BAD is not bad: does not build; see "),
                ([], {}, "name a benchmark"), (["pairs-16", "--", "true"], {}, "name a benchmark"),
                (["no_such"], {}, "no benchmark is called no_such"), (["--threshold", "0.5", "--", "true"], {}, "more than 1"),
                (["--by", "instructions", "hand_over", "--tree", TREE], {}, "differ from run to run|is missing"),
                (["--by", "guess", "--", "true"], {}, "invalid choice")):
            run = self.bisect(*words, **ends)
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertRegex(run.stderr, text)
            self.untouched()


class Search(unittest.TestCase):
    def test_every_place_and_every_two_that_are_skipped(self):
        for first in range(1, COMMITS):
            for skipped in ((), *((a, b) for a in range(1, COMMITS - 1) for b in range(a, COMMITS - 1))):
                asked = []

                def verdict(place, _, first=first, skipped=skipped, asked=asked):
                    asked.append(place)
                    return "skipped" if place in skipped else "bad" if place >= first else "good"
                low, high = find_commit.search(COMMITS, verdict)
                self.assertEqual(len(set(asked)), len(asked))
                self.assertEqual([*filter(lambda place: place not in skipped, range(low + 1, high + 1))], [high])
                self.assertTrue(low < first <= high)
                self.assertLessEqual(len(asked), 4 + len(set(skipped)))


class Callgrind(unittest.TestCase):
    def test_own_instructions(self):
        text = """events: Ir
fl=(1) a.c
ob=(1) /lib/libashlar.so
fn=(1) malloc
12 30
+2 5
calls=7 0
* 1000
cob=(2) /lib/libc.so
cfn=(2) work
calls=1 +3
-4 2000
fi=(3) inline.h
16 4
ob=(2)
fn=(2)
0 999
calls=3 0
0 500
ob=(1)
fn=(3) free
* 20
totals: 99
"""
        self.assertEqual(figures.instructions(text.splitlines(), "/lib/libashlar.so"), 59)
        self.assertEqual(figures.instructions(text.splitlines(), "/lib/libc.so"), 999)
        self.assertEqual(figures.instructions(["ob=/x", "fn=f", "1 2"], "/x"), 2)


class Runs(unittest.TestCase):
    def run_shell(self, script, seconds=20, memory=None):
        return runs.run(["sh", "-c", script], dict(os.environ), seconds, memory)

    def test_endings(self):
        self.assertEqual(self.run_shell("echo out; exit 0").output, "out\n")
        self.assertEqual(self.run_shell("true").trouble, "")
        self.assertEqual(self.run_shell("exit 3").trouble, "status 3")
        self.assertEqual(self.run_shell("kill -SEGV $$").trouble, "crash (SIGSEGV)")
        self.assertEqual(self.run_shell("kill -KILL $$").trouble, "out of memory (killed by the system)")
        self.assertEqual(runs.run(["/no/such"], {}, 1).trouble, "/no/such: No such file or directory")

    def test_limits(self):
        start = time.monotonic()
        self.assertEqual(self.run_shell("sleep 33 & sleep 33", seconds=0.3).trouble, "no result within 0.3 s")
        hungry = f"{sys.executable} -c 'x = b\"1\" * (200 << 20); import time; time.sleep(33)'; true"
        self.assertEqual(self.run_shell(hungry, memory=100).trouble, "out of memory (more than 100 MiB)")
        self.assertLess(time.monotonic() - start, 25)

    def test_nothing_is_left(self):
        run = self.run_shell("sleep 33 & echo $!")
        self.assertFalse(os.path.exists(f"/proc/{run.output.strip()}/exe") and self.sleeps(run.output.strip()))

    @staticmethod
    def sleeps(process):
        time.sleep(0.5)
        try:
            with open(f"/proc/{process}/stat", encoding="ascii") as file:
                return file.read().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
