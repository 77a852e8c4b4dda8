# SPDX-License-Identifier: MIT
"""Short runs of one benchmark program, with contents checked: what it prints, what it writes, what it refuses.

usage: programs_test.py NAME PROGRAM"""
import csv
import math
import os
import re
import subprocess
import sys
import tempfile
import unittest

NAME, PROGRAM = sys.argv[1:]

GOOD = {
    "larson": ["0.2", "8", "1000", "200", "10", "1", "2"],
    "random_mixed": ["20000", "16-1024", "1"],
    "fragmentation": ["1", "--scale", "4", "--drain", "0.2"],
    "long_run": ["0.5", "2", "1", "--slices", "5"],
}
LAST_LINE = {
    "fragmentation": r"RSS / live = \d+\.\d{3} \(geometric mean of the phase ends\)",
}
# Wrong arguments, and the one that must be named.
BAD = {
    "larson": [([], "0 arguments"), (["0", "8", "1000", "200", "10", "1", "2"], "seconds")],
    "random_mixed": [(["10", "0", "1"], "size"), (["10", "8-4", "1"], "size"), (["-1", "8", "1"], "operations")],
    "fragmentation": [
        ([], "0 arguments"), (["1", "2"], "2 arguments"), (["x"], "seed"), (["1", "--scale", "0"], "--scale"),
        (["1", "--scale", "4x"], "--scale"), (["1", "--drain", "-1"], "--drain"), (["1", "--drain", "nan"], "--drain"),
        (["1", "--csv"], "--csv"), (["1", "--unknown"], "--unknown")],
    "long_run": [
        (["1", "2"], "2 arguments"), (["0", "2", "1"], "seconds"), (["1", "0", "1"], "threads"),
        (["1", "2", "-1"], "seed"), (["1", "2", "1", "--slices", "2"], "--slices"),
        (["1", "2", "1", "--slices"], "--slices")],
}


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)


def run_well(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, f"{arguments}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout.splitlines()


def with_csv(*arguments):
    """(lines of output, header, rows)"""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "run.csv")
        lines = run_well(*arguments, "--csv", path)
        with open(path, encoding="ascii", newline="") as file:
            header, *rows = csv.reader(file)
        return lines, header, rows


class AnyProgram(unittest.TestCase):
    def test_last_line(self):
        expected = LAST_LINE.get(NAME, r"Throughput = [1-9]\d* operations per second")
        for verify in ([], ["--verify"]):
            self.assertRegex(run_well(*GOOD[NAME], *verify)[-1], f"^{expected}$")

    def test_wrong_arguments(self):
        for arguments, named in BAD[NAME]:
            done = run(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(named, done.stderr.splitlines()[0])
            self.assertIn("usage: ", done.stderr)
            self.assertEqual(done.stdout, "")

    def test_help(self):
        self.assertIn(f"usage: {NAME} ", run_well("--help")[0])


@unittest.skipUnless(NAME == "fragmentation", "of another program")
class Fragmentation(unittest.TestCase):
    def ends(self, lines):
        """{phase: [(seconds, live MiB, RSS MiB, ratio or None)]}"""
        found = {}
        for line in lines[1:-1]:
            phase, *numbers = line.split()
            found.setdefault(phase, []).append(tuple(map(float, numbers)))
        return found

    def test_phases(self):
        lines, header, rows = with_csv(*GOOD[NAME], "--verify")
        ends = self.ends(lines)
        self.assertEqual(list(ends), ["grow", "sawtooth", "cache", "long-lived", "drain"])
        self.assertEqual(len(ends["drain"]), 2)
        for (seconds, *_), planned in zip(ends["drain"], [0.1, 0.2]):
            self.assertGreaterEqual(seconds, planned) # when it was seen: a busy machine is late
        ratios = [ends[phase][0][3] for phase in list(ends)[:-1]]
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        self.assertAlmostEqual(float(re.search(r"= ([\d.]+)", lines[-1]).group(1)), mean, delta=0.01)

        self.assertEqual(header, ["phase", "seconds", "live_bytes", "rss_bytes", "ratio"])
        self.assertEqual(list(dict.fromkeys(row[0] for row in rows)), list(ends))
        times = [float(row[1]) for row in rows]
        self.assertEqual(times, sorted(times))
        for _, _, live, rss, ratio in rows:
            expected = int(rss) / int(live) if int(live) else math.inf
            self.assertAlmostEqual(float(ratio), expected, delta=0.001)
            self.assertLess(int(live), 4.1 * 2**20)

    def test_operations_depend_on_the_seed_only(self):
        def live(*arguments):
            _, _, rows = with_csv(*arguments, "--scale", "2", "--drain", "0")
            return {row[0]: row[2] for row in rows} # the last row of each phase, exact to the byte
        first = live("1")
        self.assertEqual(first, live("1", "--verify"))
        self.assertNotEqual(first, live("2"))

    def test_a_file_that_cannot_be_written(self):
        done = run("1", "--csv", "/no/such/folder/run.csv")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/no/such/folder/run.csv: No such file", done.stderr)


@unittest.skipUnless(NAME == "long_run", "of another program")
class LongRun(unittest.TestCase):
    def test_slices(self):
        lines, header, rows = with_csv(*GOOD[NAME], "--verify")
        self.assertRegex(lines[-3], r"^Throughput drift = -?\d+\.\d\d %$")
        self.assertRegex(lines[-2], r"^RSS drift = -?\d+\.\d\d %$")
        self.assertEqual(header, ["slice", "seconds", "operations_per_second", "live_bytes", "rss_bytes"])
        self.assertEqual([row[0] for row in rows], list("12345"))
        for number, (_, seconds, rate, live, rss) in enumerate(rows, 1):
            self.assertGreaterEqual(float(seconds), 0.1 * number)
            self.assertGreater(float(rate), 0)
            self.assertAlmostEqual(int(live) / 2**20, 81, delta=5)
            self.assertGreater(int(rss), int(live))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
