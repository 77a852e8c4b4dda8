#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Audits the time limits of all tests and of the nightly run. A limit is five times the quiet time, and at least 60 s. It
is flagged below three times the quiet time, and above 20 times unless it is 60 s. tests/time_limits/quiet_times.json has
the quiet times, from which tests/time_limits/CMakeLists.txt computes the limits.

usage: scripts/time_limits.py [--tree FOLDER] [--all] [--here] [--recorded-only]
       scripts/time_limits.py --record [--loaded] [--tree FOLDER]
       scripts/time_limits.py --record-nightly [--loaded]
       scripts/time_limits.py --nightly-limits
       scripts/time_limits.py --factor NAME

  --tree FOLDER      the build tree with the tests (build/release)
  --all              print every test, not only tests with a limit of their own and flagged ones
  --here             scale the quiet times to the speed of this machine
  --recorded-only    ignore the times of the last runs
  --record           take the quiet times from the tree's last run by scripts/test.sh or
                     ctest --output-junit FOLDER/times.xml; tests of at most 12 s need no entry
  --record-nightly   take the quiet times of the nightly run from its last run
  --loaded           note that the machine was busy meanwhile
  --nightly-limits   print the limits of the parts of the nightly run in seconds, for the speed of this machine
  --factor NAME      print the whole number that multiplies the limits of a tree here. A short loop compares this machine
                     with the one that recorded the times. The build asks once
  --quiet-times FILE read this file instead of the one in tests/time_limits

The status is 1 if a limit is flagged."""
import argparse
import datetime
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUIET_TIMES = os.path.join(ROOT, "tests/time_limits/quiet_times.json")
NIGHTLY = "nightly"
NIGHTLY_TIMES = os.path.join(ROOT, "build/nightly_times.tsv")

# tests/time_limits/CMakeLists.txt repeats these numbers.
LEAST = 60
FACTOR = 5
NOT_RECORDED = 600  # limit in s in a tree without recorded times

TOO_LOW = 3
TOO_HIGH = 20
WITHOUT_ENTRY = LEAST / FACTOR
CTEST_DEFAULT = 1500
NIGHTLY_DEFAULT = 5400  # limit in s of a part that was never timed

# CPU time of the calibration loop in s, for sections without a recorded one. It is the best of 30 quiet runs on the
# machine of the estimates.
QUICK_CALIBRATION = 0.08
# A machine that is slower by this share needs no longer limits: they are still four times the quiet time.
TOLERATED = 0.25
MOST_FACTOR = 10  # a slower machine has a fault


def limit_of(quiet):
    return max(LEAST, FACTOR * math.ceil(quiet))


def flag(limit, quiet, scale=1):
    """Returns why a limit is wrong for this quiet time, or an empty text. The build makes all limits `scale` times as
    long."""
    if limit < LEAST:
        return f"below {LEAST} s"
    if limit < TOO_LOW * quiet:
        return f"below {TOO_LOW} x"
    if limit > max(LEAST * scale, TOO_HIGH * quiet):
        return f"above {TOO_HIGH} x"
    return ""


def calibration():
    """Returns the CPU seconds of a fixed loop, which show this machine's speed. The best of five runs is least
    disturbed by its load."""
    best = math.inf
    for _ in range(5):
        start, number = time.process_time(), 1
        for _ in range(1_000_000):
            number = (number * 1103515245 + 12345) & 0x7FFFFFFF
        best = min(best, time.process_time() - start)
    return best


def factor_of(taken, section):
    """Returns the factor of limits where the calibration loop takes `taken` seconds. The factor is whole, because CMake
    has no fractions."""
    slowness = taken / section.get("calibration_seconds", QUICK_CALIBRATION)
    return min(MOST_FACTOR, max(1, math.ceil(slowness - TOLERATED)))


class Row:
    """A test or a part of the nightly run. `quiet` is None if unknown. Its limit is `scale` times as long as on the
    machine that recorded the times."""

    def __init__(self, name, limit, quiet, kind, last, scale=1):
        self.name, self.limit, self.quiet, self.kind, self.last, self.scale = name, limit, quiet, kind, last, scale

    def flag(self, recorded):
        """Without an entry a test takes at most 12 s, if the tree has been recorded at all."""
        if self.quiet is not None:
            return flag(self.limit, self.quiet, self.scale)
        if self.limit < LEAST:
            return f"below {LEAST} s"
        return flag(self.limit, WITHOUT_ENTRY * self.scale, self.scale) if recorded else ""

    def cells(self, recorded):
        quiet, ratio = "", ""
        if self.quiet is not None:
            quiet = f"{self.quiet:.1f} {self.kind}"
            ratio = f"{self.limit / self.quiet:.1f}" if self.quiet > 0 else ""
        elif recorded:
            quiet = f"<= {WITHOUT_ENTRY * self.scale:.0f}"
        last = "" if self.last is None else f"{self.last:.1f}"
        return (self.name, f"{self.limit:.0f}", quiet, ratio, last, self.flag(recorded))


def rows(limits, section, last, factor=1.0, scale=1):
    """Returns a row for each limit of {name: limit}. The quiet time is the recorded one, else an estimate, else that of
    the last run."""
    found = []
    for name, limit in sorted(limits.items()):
        quiet, kind = None, ""
        for key, word in (("seconds", "recorded"), ("estimated", "estimated")):
            if quiet is None and name in section.get(key, {}):
                quiet, kind = section[key][name] * factor, word
        if quiet is None and name in last:
            quiet, kind = last[name], "last run"
        found.append(Row(name, limit, quiet, kind, last.get(name), scale))
    return found


def test_limits(listing, default):
    """Returns {test: seconds} from ctest's JSON listing. A test that is not built has no limit yet."""
    found = {}
    for test in listing["tests"]:
        properties = {each["name"]: each["value"] for each in test.get("properties", [])}
        if not test["name"].endswith("_NOT_BUILT"):
            found[test["name"]] = float(properties.get("TIMEOUT", default))
    return found


def stated(path, pattern):
    """Returns the first group of `pattern` in a file of the build tree, or None."""
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        found = re.search(pattern, file.read(), re.M)
    return found.group(1) if found else None


def configurations():
    """Returns ctest's configurations that run additional tests, with an empty name for the tests that always run."""
    names = {""}
    for folder, _, files in os.walk(os.path.join(ROOT, "tests")):
        if "CMakeLists.txt" in files:
            with open(os.path.join(folder, "CMakeLists.txt"), encoding="utf-8") as file:
                names.update(re.findall(r"\bCONFIGURATIONS ([a-z]+)", file.read()))
    return sorted(names)


def ctest_limits(tree):
    """Asks ctest from a temporary folder, so that the tree's logs are kept."""
    default = float(stated(os.path.join(tree, "DartConfiguration.tcl"), r"^TimeOut: *([\d.]+)") or CTEST_DEFAULT)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "CTestTestfile.cmake"), "w", encoding="utf-8") as file:
            file.write(f'subdirs("{os.path.abspath(tree)}")\n')
        for name in configurations():
            command = ["ctest", "--test-dir", folder, "--show-only=json-v1", *(["-C", name] if name else [])]
            run = subprocess.run(command, capture_output=True, text=True, check=True)
            found.update(test_limits(json.loads(run.stdout), default))
    return found


def junit_times(path):
    """Returns {test: seconds} of tests that passed, from a file of ctest --output-junit."""
    if not os.path.exists(path):
        return {}
    cases = xml.etree.ElementTree.parse(path).getroot().iter("testcase")
    return {case.get("name"): float(case.get("time")) for case in cases if case.get("status") == "run"}


def nightly_times(path=NIGHTLY_TIMES):
    """Returns {part: seconds} of parts that passed. Each line has a name, seconds and a status."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    return {name: float(seconds) for name, seconds, status in lines if status == "0"}


def nightly_limits(section):
    """Returns {part: seconds} for the parts that scripts/nightly.sh names."""
    with open(os.path.join(ROOT, "scripts/nightly.sh"), encoding="utf-8") as file:
        parts = re.findall(r"^(run|preloaded|asan|tsan) ([a-z][a-z-]*) ", file.read(), re.M)
    names = [name if how == "run" else f"{how}-{name}" for how, name in parts]
    known = {**section.get("estimated", {}), **section.get("seconds", {})}
    return {name: limit_of(known[name]) if name in known else NIGHTLY_DEFAULT for name in names}


def load(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def tree_name(tree):
    """Returns the tree's name in the build, or else the name of its folder."""
    cached = stated(os.path.join(tree, "CMakeCache.txt"), r"^ASHLAR_TIMES_OF:INTERNAL=(.+)$")
    return cached or os.path.basename(os.path.abspath(tree))


def merged(section, times, names, least, note):
    """Returns the section with the new times. Keeps entries of other runs while their tests exist."""
    kept = {kind: {name: value for name, value in section.get(kind, {}).items() if name in names and name not in times}
            for kind in ("seconds", "estimated")}
    kept["seconds"].update({name: math.ceil(value) for name, value in times.items() if name in names and value > least})
    return {**note, **{kind: dict(sorted(values.items())) for kind, values in kept.items()}}


def record(path, name, times, names, least, loaded):
    if not times:
        sys.exit("time_limits: no run has left its times; scripts/test.sh and scripts/nightly.sh do")
    content = load(path)
    note = {"date": str(datetime.date.today()), "quiet": not loaded, "processors": os.cpu_count(),
            "calibration_seconds": round(calibration(), 4)}
    content[name] = merged(content.get(name, {}), times, names, least, note)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    print(f"time_limits: {len(content[name]['seconds'])} entries of {name} in {path}; configure again for the limits")


def print_table(title, found, recorded, everything):
    """Prints the table. Returns how many limits are flagged."""
    flagged = [row for row in found if row.flag(recorded)]
    shown = [row for row in found if everything or row.flag(recorded) or (row.limit != LEAST and row.quiet is not None)]
    print(title)
    if shown:
        table = [("", "limit s", "quiet s", "x", "last s", ""), *(row.cells(recorded) for row in shown)]
        widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
        for line in table:
            numbers = [cell.rjust(width) for cell, width in zip(line[1:5], widths[1:5])]
            print("  ".join([line[0].ljust(widths[0]), *numbers, line[5]]).rstrip())
    if len(found) > len(shown):
        limits = sorted({row.limit for row in found if row not in shown})
        print(f"{len(found) - len(shown)} others with a limit of {', '.join(f'{limit:.0f}' for limit in limits)} s")
    print(f"{len(found)} limits, {len(flagged)} flagged\n")
    return len(flagged)


def audit(options):
    content, name = load(options.quiet_times), tree_name(options.tree)
    here = calibration() if options.here else None
    flagged = 0
    for part in (name, NIGHTLY):
        section = content.get(part, {})
        recorded = "date" in section
        factor = here / section["calibration_seconds"] if here and recorded else 1.0
        scale = 1
        if part != NIGHTLY:  # the build has the factor of a slow machine
            scale = int(stated(os.path.join(options.tree, "CMakeCache.txt"), r"^ASHLAR_TIME_FACTOR:STRING=(.+)$") or 1)
            factor = factor if here else scale
        if part == NIGHTLY:
            limits, last = nightly_limits(section), nightly_times()
        else:
            limits, last = ctest_limits(options.tree), junit_times(os.path.join(options.tree, "times.xml"))
        about = "not recorded"
        if recorded:
            about = f"recorded on {section['date']}{'' if section['quiet'] else ', on a busy machine'}"
        scaled = f"; this machine takes {factor:.2f} times as long" if here and recorded else ""
        title = f"{part if part == NIGHTLY else f'tests of the tree {part}'}: {about}{scaled}"
        found = rows(limits, section, {} if options.recorded_only else last, factor, scale)
        flagged += print_table(title, found, recorded and part != NIGHTLY, options.all)
    return 1 if flagged else 0


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--tree", default=os.path.join(ROOT, "build/release"))
    parser.add_argument("--quiet-times", default=QUIET_TIMES)
    parser.add_argument("--factor")
    for name in ("all", "here", "recorded-only", "record", "record-nightly", "loaded", "nightly-limits"):
        parser.add_argument("--" + name, action="store_true")
    options = parser.parse_args()
    if options.help:
        print(__doc__)
        return 0
    if options.record_nightly:
        section = load(options.quiet_times).get(NIGHTLY, {})
        record(options.quiet_times, NIGHTLY, nightly_times(), nightly_limits(section), 0, options.loaded)
        return 0
    if options.nightly_limits:
        section = load(options.quiet_times).get(NIGHTLY, {})
        scale = factor_of(calibration(), section)
        for name, seconds in nightly_limits(section).items():
            print(name, scale * seconds)
        return 0
    if options.factor:
        print(factor_of(calibration(), load(options.quiet_times).get(options.factor, {})))
        return 0
    if not os.path.exists(os.path.join(options.tree, "CTestTestfile.cmake")):
        sys.exit(f"{options.tree} has no tests; scripts/test.sh builds it")
    if options.record:
        times = junit_times(os.path.join(options.tree, "times.xml"))
        names = ctest_limits(options.tree)
        record(options.quiet_times, tree_name(options.tree), times, names, WITHOUT_ENTRY, options.loaded)
        return 0
    return audit(options)


if __name__ == "__main__":
    sys.exit(main())
