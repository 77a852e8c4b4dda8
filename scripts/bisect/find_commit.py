# SPDX-License-Identifier: MIT
"""Finds the commit that tripped a gate.

Builds the library of commits between GOOD and BAD in a separate work tree. Halves the range until one commit
remains. Commits that do not build are skipped. A commit is judged by BENCH, a benchmark of `ashlar alarm`, or by a
command that runs with the library of the commit preloaded.

The same command continues an interrupted one: libraries and measurements are kept in
$XDG_CACHE_HOME/ashlar/bisect (~/.cache/ashlar/bisect)."""
import argparse
import hashlib
import json
import os
import signal
import sys

from figures import BENCHMARKS, FIGURES, Meter, Subject
from history import Error, Libraries, Repository

EPILOG = f"""benchmarks: {', '.join(BENCHMARKS)}

figures (--by), with the threshold beside each that makes a commit bad:
  instructions  executed in the library, counted by callgrind (1.01); for benchmarks of one thread
  cpu           CPU time, in turns with the good commit (1.5); for other benchmarks, and a command with --threshold
  memory        what the benchmark prints, or the peak of resident memory (1.1)
  status        whether the command fails: a status other than 0, a crash, out of memory, or no result in time

A command finds the library in ASHLAR_LIBRARY and the commit in ASHLAR_COMMIT. If it ends with status 125, the commit is
skipped. By other figures than the status a commit that fails is bad if BAD fails, too; else it is skipped.

status: 0 if the commit was found, 1 if several are left of which all but the last were skipped, 2 after an error,
130 after an interrupt"""
INTERRUPTED = 130
CANNOT_BE_JUDGED = "status 125"


class Record:
    """The measurements of one subject, saved after each."""

    def __init__(self, folder, identity, fresh):
        digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]
        self.path = os.path.join(folder, "measurements", digest + ".json")
        self.content = {"measured": identity, "commits": {}}
        if os.path.exists(self.path) and not fresh:
            with open(self.path, encoding="utf-8") as file:
                self.content = json.load(file)

    def get(self, commit):
        return self.content["commits"].get(commit)

    def put(self, commit, measurement):
        self.content["commits"][commit] = measurement
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump(self.content, file, indent=1)
        os.replace(self.path + ".new", self.path)


def search(count, verdict):
    """Bisects `count` places, of which the first is good and the last bad. Returns the last good and the first bad
    place known. All places between them were skipped."""
    low, high, skipped = 0, count - 1, set()
    while True:
        left = [place for place in range(low + 1, high) if place not in skipped]
        if not left:
            return low, high
        place = min(left, key=lambda each: abs(each - (low + high) / 2))
        found = verdict(place, len(left))
        if found == "good":
            low = place
        elif found == "bad":
            high = place
        else:
            skipped.add(place)


class Bisection:
    def __init__(self, options):
        self.options = options
        self.repository = Repository(options.repository)
        good, bad = self.repository.commit(options.good), self.repository.commit(options.bad)
        self.commits = self.repository.line(good, bad)
        self.libraries = Libraries(self.repository)
        subject = Subject(options.bench, options.command, options.tree)
        self.figure = options.by or (subject.default_figure() if options.bench or not options.threshold else "cpu")
        default = FIGURES[self.figure][0]
        options.threshold = options.threshold or default
        self.meter = Meter(subject, self.figure, options, good, self.libraries.library)
        limits = [options.timeout, options.memory, self.meter.rounds]
        self.record = Record(self.libraries.folder, [subject.identity(), self.figure, limits, good], options.fresh)
        self.verdicts = {}

    @staticmethod
    def say(text):
        print(f"bisect: {text}", file=sys.stderr, flush=True)

    def named(self, commit):
        short, subject, _ = self.repository.described(commit)
        return f"{short} {subject}"

    def measurement(self, commit):
        known = self.record.get(commit)
        if known is None:
            if self.options.fresh:
                self.libraries.forget_failure(commit)
            if self.libraries.library(commit) is None:
                known = {"unbuilt": self.libraries.log(commit)}
            else:
                known = self.meter.measure(commit)
                if self.figure == "instructions" and commit == self.commits[0]:
                    self.warn_of_chance(known, self.meter.measure(commit))
            self.record.put(commit, known)
        return known

    def warn_of_chance(self, first, second):
        """Warns if two counts of one library differ. Then the run depends on the clock or on other threads."""
        if "value" in first and "value" in second:
            ratio = max(first["value"], second["value"]) / min(first["value"], second["value"])
            if ratio - 1 > (self.options.threshold - 1) / 4:
                self.say(f"  warning: two counts of this commit differ, x {ratio:.4f}; a larger --threshold or --by cpu is safer")

    def ratio(self, known):
        if "ratio" in known:
            return known["ratio"]
        good = self.record.get(self.commits[0])
        if self.figure == "status" or not good or "value" not in known or not good.get("value"):
            return None
        return known["value"] / good["value"]

    def verdict(self, commit):
        known = self.measurement(commit)
        if "unbuilt" in known:
            verdict = "skipped"
        elif "trouble" in known:
            # The commit may fail for another reason.
            last = self.record.get(self.commits[-1])
            bad = self.figure == "status" or commit in (self.commits[0], self.commits[-1]) or "trouble" in last
            verdict = "bad" if bad else "skipped"
            if known["trouble"] == CANNOT_BE_JUDGED and self.figure == "status":
                verdict = "skipped"
        else:
            ratio = self.ratio(known)
            verdict = "bad" if ratio is not None and ratio >= self.options.threshold else "good"
        self.verdicts[commit] = verdict
        return verdict

    def told(self, commit):
        """Returns the measurement in words."""
        known = self.measurement(commit)
        if "unbuilt" in known:
            return "does not build"
        if "trouble" in known:
            return known["trouble"]
        if self.figure == "status":
            return f"passed in {known['value']:.1f} s"
        ratio = self.ratio(known)
        value = f"{known['value']:,.0f}" if known["value"] >= 1000 else f"{known['value']:.4g}"
        return f"{value} {FIGURES[self.figure][2]}".strip() + ("" if ratio is None else f", x {ratio:.3f}")

    def step(self, place, left):
        commit = self.commits[place]
        self.say(f"commits left: {left}; {self.named(commit)}")
        verdict = self.verdict(commit)
        self.say(f"  {verdict}: {self.told(commit)}")
        return verdict

    def check_ends(self):
        for commit, expected, name in ((self.commits[0], "good", "GOOD"), (self.commits[-1], "bad", "BAD")):
            self.say(f"{name}: {self.named(commit)}")
            verdict = self.verdict(commit)
            self.say(f"  {verdict}: {self.told(commit)}")
            if verdict != expected:
                limit = f" (bad from x {self.options.threshold:g})" if self.options.threshold else ""
                log = self.measurement(commit).get("unbuilt")
                raise Error(f"{name} is not {expected}: {self.told(commit)}{f'; see {log}' if log else limit}")

    def table(self):
        rows = [("commit", "verdict", self.figure, "subject")]
        for commit in self.commits:
            if commit in self.verdicts:
                short, subject, _ = self.repository.described(commit)
                rows.append((short, self.verdicts[commit], self.told(commit), subject))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for row in rows:
            print("  ".join([*(text.ljust(width) for text, width in zip(row, widths)), row[3]]))

    def find(self):
        """Prints the result. Returns the exit status."""
        self.check_ends()
        low, high = search(len(self.commits), self.step)
        print()
        self.table()
        print()
        first = self.commits[high]
        short, subject, author = self.repository.described(first)
        if high - low == 1:
            print(f"first bad commit: {short} {subject}\n  {first}\n  {author}")
        else:
            print("not found: the commits before the first bad one were skipped. It is one of these:")
            for commit in self.commits[low + 1:high + 1]:
                print(f"  {self.named(commit)}")
        print(f"measurements: {self.record.path}")
        return 0 if high - low == 1 else 1


def arguments(words):
    parser = argparse.ArgumentParser(
        prog="bisect.sh", description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="scripts/bisect.sh GOOD BAD BENCH [option...]\n"
              "       scripts/bisect.sh GOOD BAD [option...] -- COMMAND [argument...]")
    parser.add_argument("good", metavar="GOOD", help="a commit that is good, an ancestor of BAD")
    parser.add_argument("bad", metavar="BAD", help="a commit that is bad")
    parser.add_argument("bench", metavar="BENCH", nargs="?", help="a benchmark")
    parser.add_argument("--by", choices=FIGURES, help="the figure that decides")
    parser.add_argument("--threshold", type=float, metavar="X", help="bad is at least X times the good commit's figure")
    parser.add_argument("--timeout", type=float, default=600, metavar="S", help="seconds for the runs of one commit (600)")
    parser.add_argument("--memory", type=int, metavar="MIB", help="more resident memory than this is out of memory")
    parser.add_argument("--rounds", type=int, metavar="N", help="runs of each commit (cpu 9, memory 3, else 1)")
    parser.add_argument("--fresh", action="store_true", help="measure all again, and build again what did not build")
    parser.add_argument("--repository", default=".", metavar="FOLDER", help="the repository (that of the current folder)")
    parser.add_argument("--tree", metavar="FOLDER", help="build tree with the benchmark programs (build/release, built first)")
    cut = words.index("--") if "--" in words else len(words)
    options = parser.parse_intermixed_args(words[:cut])
    options.command = words[cut + 1:]
    if bool(options.bench) == bool(options.command):
        parser.error("name a benchmark, or a command after --")
    if options.bench and options.by == "status":
        parser.error("a benchmark has figures; --by status is for commands")
    if options.threshold is not None and options.threshold <= 1:
        parser.error("--threshold must be more than 1")
    if options.by == "status" and options.threshold:
        parser.error("a status has no threshold")
    if options.timeout <= 0 or (options.rounds is not None and options.rounds < 1):
        parser.error("--timeout and --rounds must be more than 0")
    return options


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    options = arguments(sys.argv[1:])
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    try:
        bisection = Bisection(options)
        try:
            return bisection.find()
        finally:
            bisection.libraries.tidy()
    except Error as error:
        print(f"bisect: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nbisect: interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
