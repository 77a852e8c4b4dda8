# SPDX-License-Identifier: MIT
"""The subjects that run on the library of each commit, and the figures that judge commits."""
import hashlib
import os
import re
import shlex
import shutil
import sys
import tempfile
import time

import runs
from history import Error

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "measure"))
from measuring import ROOT, environment, interval, median  # pylint: disable=wrong-import-position

# Figure: (default threshold as a multiple of the good commit's figure, default number of runs, unit)
FIGURES = {"status": (None, 1, ""), "instructions": (1.01, 1, ""), "cpu": (1.5, 9, "ms"), "memory": (1.1, 3, "")}
LEAST_ROUNDS = 3
MOST_ROUNDS = 3  # multiple of the rounds wanted, while the threshold lies within the interval of the ratio

THROUGHPUT = r"^Throughput = +(\d+)"


class Benchmark:
    """A run of a program of bench/workloads. `counted` is a shorter run with one thread, whose instructions are counted
    and always the same. `printed` matches the program's own figure of memory. If `by_throughput`, the CPU time of a run
    is divided by its throughput."""

    def __init__(self, timed, counted="", printed=None, by_throughput=False):
        self.timed, self.counted = shlex.split(timed), shlex.split(counted)
        self.printed, self.by_throughput = printed, by_throughput
        self.figure = "memory" if printed else "instructions" if counted else "cpu"


BENCHMARKS = {
    "pairs-16": Benchmark("random_mixed 20000000 16 1 8", "random_mixed 100000 16 1 8"),
    "pairs-64": Benchmark("random_mixed 20000000 64 1 8", "random_mixed 100000 64 1 8"),
    "batches": Benchmark("batches 30000000 16-1k 1 fifo 2000", "batches 100000 16-1k 1 fifo 2000"),
    "hand-over": Benchmark("hand_over 3000000 16-4k 1"),
    "large-blocks": Benchmark("replace_large 480 64k-4m 1 16", "replace_large 100 64k-4m 1 16"),
    "thread-churn": Benchmark("short_threads 8000 16-1k 1"),
    "realloc-growth": Benchmark("grow_vectors 1000000 64-64k 1 1 100", "grow_vectors 20000 64-64k 1 1 100"),
    "start-up": Benchmark("/bin/sh -c 'i=0; while [ $i -lt 150 ]; do /bin/true; i=$((i+1)); done'", "/bin/true"),
    "fragmentation": Benchmark("fragmentation 1 --scale 20 --drain 0", "fragmentation 1 --scale 2 --drain 0",
                               printed=r"^RSS / live = ([\d.]+)"),
    "give-back": Benchmark("drain 64 1k --seconds 0.2", printed=r"^RSS = (\d+) KiB"),
    "phases": Benchmark("phases_of_sizes 3000000 1 after"),
    "map-scan": Benchmark("page_map_scan 1024", "page_map_scan 1024"),
    **{f"larson-{threads}": Benchmark(f"larson 1 8 1000 5000 100 1 {threads}", by_throughput=True) for threads in (1, 2, 4)},
}
ALIASES = {"tinypairs": "pairs-16"}


def benchmark(name):
    """Returns the benchmark called `name`, spelled with hyphens, underscores or neither."""
    plain = re.sub(r"[-_]", "", name)
    for known, value in BENCHMARKS.items():
        if plain in (known.replace("-", ""), next((alias for alias, of in ALIASES.items() if of == known), None)):
            return value
    raise Error(f"no benchmark is called {name}; there are {', '.join(BENCHMARKS)}")


def instructions(lines, object_file):
    """Returns the instructions in functions of `object_file`, from callgrind's output. The output has a name once as
    "(7) name", and later as "(7)". The line after `calls=` is the cost of the called function, which is counted in that
    function."""
    names, current, passed, total = {}, None, False, 0
    for line in lines:
        key, equals, value = line.partition("=")
        if equals and key in ("ob", "cob"):
            number, _, name = value.strip().partition(" ")
            if number.startswith("(") and number.endswith(")"):
                if name:
                    names[number] = name
                name = names.get(number, "")
            else:
                name = value.strip()
            if key == "ob":
                current = name
        elif equals:
            passed = key == "calls"
        elif re.match(r"[\d+*-]", line):
            if not passed and current == object_file:
                total += int(line.split()[1])
            passed = False
    return total


def _build(targets):
    """Builds the programs of this checkout, which measure all commits."""
    if not targets:
        return
    commands = (["cmake", "--preset", "release"], ["cmake", "--build", "build/release", "--target", *targets])
    for command in commands:
        run = runs.run(["env", "-C", ROOT, *command], environment(), 1800)
        if run.trouble:
            raise Error(f"{' '.join(command)}: {run.trouble}\n{run.output}{run.errors}")


class Subject:
    """The program that runs: a benchmark or the user's command."""

    def __init__(self, bench, command, tree):
        self.bench = benchmark(bench) if bench else None
        self.command, self.clock, self.files = command, None, []
        if not self.bench:
            return
        names = {words[0] for words in (self.bench.timed, self.bench.counted) if words}
        own = sorted(name for name in names if not name.startswith("/"))
        if not tree:
            with_clock = os.path.exists(os.path.join(ROOT, "bench/alarm/clock.c"))
            _build([*own, *(["alarm_clock"] if with_clock else [])])
        self.folder = os.path.realpath(os.path.join(tree or os.path.join(ROOT, "build/release"), "bin"))
        clocks = [os.path.join(self.folder, name) for name in ("libalarm_clock.so", "../lib/libalarm_clock.so")]
        self.clock = next((os.path.realpath(name) for name in clocks if os.path.exists(name)), None)
        self.files = [*(os.path.join(self.folder, name) for name in own), *([self.clock] if self.clock else [])]
        for name in self.files:
            if not os.access(name, os.R_OK):
                raise Error(f"{name} is missing; without --tree it is built")

    def default_figure(self):
        return self.bench.figure if self.bench else "status"

    def identity(self):
        """Returns the facts that distinguish this subject's measurements from others."""
        settings = os.environ.get("ASHLAR_CONF", "")
        if not self.bench:
            return [self.command, settings]
        digests = []
        for name in self.files:
            with open(name, "rb") as file:
                digests.append(hashlib.sha256(file.read()).hexdigest())
        return [self.bench.timed, self.bench.counted, settings, *digests]

    def words(self, counted):
        if not self.bench:
            return self.command
        words = self.bench.counted if counted else self.bench.timed
        if not words:
            raise Error("the instructions of this benchmark differ from run to run; use --by cpu")
        return [os.path.join(self.folder, words[0]), *words[1:]]

    def variables(self, commit, library, counted):
        if not self.bench:
            return environment(library, ASHLAR_LIBRARY=library, ASHLAR_COMMIT=commit)
        # The library reads its environment, so every commit and user has the same. Its clock must not matter, either.
        preload = f"{self.clock}:{library}" if counted and self.clock else library
        kept = {name: os.environ[name] for name in ("ASHLAR_CONF",) if name in os.environ}
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "LD_PRELOAD": preload, **kept}


class NoFigure(Exception):
    """A commit's run failed, or exceeded its time."""


class Meter:
    """Measures commits. `library` returns a commit's library. `seconds` is the time for all runs of a commit."""

    def __init__(self, subject, figure, settings, good, library):
        self.subject, self.figure, self.good, self.library = subject, figure, good, library
        self.seconds, self.memory_mib, self.threshold = settings.timeout, settings.memory, settings.threshold
        self.rounds = settings.rounds or FIGURES[figure][1]

    def measure(self, commit):
        """Returns {"value": V}, with "ratio" to the good commit if both ran in turns, or {"trouble": text}."""
        deadline = time.monotonic() + self.seconds
        try:
            return getattr(self, "_" + self.figure)(commit, deadline)
        except NoFigure as problem:
            return {"trouble": str(problem)}

    def _run(self, commit, deadline, words, counted=False):
        library = self.library(commit)
        left = max(0.1, deadline - time.monotonic())
        run = runs.run(words, self.subject.variables(commit, library, counted), left, self.memory_mib)
        trouble = run.trouble
        if trouble.startswith("no result"):
            trouble = f"no result within {self.seconds:.4g} s"
        if f"{library}' from LD_PRELOAD cannot be preloaded" in run.errors:
            trouble = "the library cannot be preloaded"
        if trouble:
            raise NoFigure(trouble)
        return run

    def _status(self, commit, deadline):
        taken = [self._run(commit, deadline, self.subject.words(False)).seconds for _ in range(self.rounds)]
        return {"value": max(taken)}

    def _instructions(self, commit, deadline):
        if not shutil.which("valgrind"):
            raise Error("valgrind is missing; scripts/setup.sh installs it")
        counts = []
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "callgrind.out")
            words = ["valgrind", "--tool=callgrind", "--trace-children=no", f"--callgrind-out-file={file}"]
            for _ in range(self.rounds):
                self._run(commit, deadline, [*words, *self.subject.words(True)], counted=True)
                with open(file, encoding="utf-8", errors="replace") as lines:
                    counts.append(instructions(lines, os.path.realpath(self.library(commit))))
        if not median(counts):
            raise NoFigure("no instruction of the library was run")
        return {"value": median(counts)}

    def _cost(self, commit, deadline):
        run = self._run(commit, deadline, self.subject.words(False))
        if not (self.subject.bench and self.subject.bench.by_throughput):
            return 1000 * run.cpu_seconds
        return 1000 * run.cpu_seconds / self._printed(run, THROUGHPUT) * 1e6  # ms per million operations

    def _cpu(self, commit, deadline):
        """Runs the commit and the good commit in turns, because the machine's speed changes."""
        ratios, values = [], []
        while len(ratios) < self.rounds or (len(ratios) < MOST_ROUNDS * self.rounds and self._is_open(ratios)):
            try:
                pair = [commit, self.good] if len(ratios) % 2 else [self.good, commit]
                costs = [self._cost(each, deadline) for each in pair]
            except NoFigure as problem:
                if len(ratios) < LEAST_ROUNDS or not str(problem).startswith("no result"):
                    raise
                break
            if len(ratios) % 2 == 0:
                costs.reverse()
            ratios.append(costs[0] / max(costs[1], 1e-9))
            values.append(costs[0])
        return {"value": median(values), "ratio": median(ratios), "interval": interval(ratios)}

    def _is_open(self, ratios):
        low, high = interval(ratios)
        return low < self.threshold < high

    def _memory(self, commit, deadline):
        """Returns the benchmark's own figure, or else the peak of resident memory in KiB."""
        values = []
        for _ in range(self.rounds):
            run = self._run(commit, deadline, self.subject.words(False))
            printed = self.subject.bench.printed if self.subject.bench else None
            values.append(self._printed(run, printed) if printed else run.peak_kib)
        return {"value": median(values)}

    @staticmethod
    def _printed(run, pattern):
        found = re.search(pattern, run.output, re.MULTILINE)
        if not found:
            raise NoFigure(f"'{pattern}' is not in the output")
        return float(found.group(1))
