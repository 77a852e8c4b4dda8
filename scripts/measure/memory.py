# SPDX-License-Identifier: MIT
"""Speed and resident memory of workloads that are about memory, against System, jemalloc, mimalloc and tcmalloc.

Criteria, all by default, or those that are named:

  replace_large  blocks of 5 to 25 MiB, replaced at random and written: CPU and wall time within 10 % of the fastest
                 of the four, peak or mean RSS within 10 % of the leanest
  moves          replace_large where the kernel moves pages as it does, as Linux 6.16 did (out of one mapping only) and not
                 at all, as 5.6 (tests/contract/faults/old_kernel.h): moving saves at least 10 % of CPU time with either
  hand_over      a pair of threads that give each other blocks of 16 B to 16 KiB: throughput within 5 % of the fastest,
                 peak RSS within 10 % of the leanest of those that reach 80 % of Ashlar's throughput
  successors     two lines of threads that end and leave blocks to others: likewise
  thread_waves   waves of eight threads that all end: page faults at most twice System's, peak RSS within 10 % of the leanest
  cross_frees    eight threads that release each other's blocks of 8 B to 16 KiB: likewise
  fragmentation  RSS / live, geometric mean of the phase ends: less than each of the four
  drain          RSS 5 s after 1 GiB in blocks of 1 KiB was released: at most 64 MiB, and with
                 ASHLAR_CONF=background:true at most 16 MiB
  long_run       only with --long or by name: ten minutes, throughput and RSS drift by at most 2 % between the second
                 and the last. System does the same in turns of a quarter of a second between whole ones of Ashlar's, and
                 throughput is Ashlar's operations per CPU second by System's: a shared machine alone drifts by tens of
                 percent, and by some from one second to the next

A round runs each allocator once on the same operations, in shuffled order. What is compared is the median of the
rounds' ratios to each of the others, and the worst of these. In brackets stand the smallest and the largest ratio of a
round. RSS is sampled every 20 ms, peaks are the kernel's (VmHWM); drain and fragmentation read their own and subtract
their bookkeeping."""
import csv
import os
import random
import re
import sys
import tempfile

from measuring import (Run, Verdicts, argument_parser, ashlar, environment, in_turns, median, peers, program, progress,
                       shuffled)


def faults(each):
    return f"{middle(each, thousand_faults):7.1f} thousand page faults"


def say_each(runs, describe):
    for name, each in runs.items():
        print(f"      {name:9} {describe(each)}")


def middle(runs, figure):
    return median([figure(run) for run in runs])


def cpu(run):
    return run.cpu_seconds


def wall(run):
    return run.seconds


def peak_mib(run):
    return run.peak_kib / 1024


def mean_mib(run):
    return run.mean_kib() / 1024


def system(run):
    return run.system_seconds


def thousand_faults(run):
    return run.faults / 1000


def million_operations(run):
    return run.throughput() / 1e6


def rss_per_live(run):
    return run.number(r"^RSS / live = ([\d.]+)")


def drained_mib(run):
    return run.number(r"^RSS = (\d+) KiB") / 1024


def column(path, name):
    with open(path, encoding="ascii") as file:
        return [float(row[name]) for row in csv.DictReader(file)]


def drift_percent(values):
    """As bench/support/theil_sen.h: by how much the line of Theil and Sen rises from the second value to the last."""
    settled = values[1:]
    slope = median([(settled[right] - settled[left]) / (right - left)
                    for right in range(1, len(settled)) for left in range(right)])
    start = median([value - slope * at for at, value in enumerate(settled)])
    return 100 * slope * (len(settled) - 1) / start


class Ratios:
    """Ashlar's figures by those of one other, round by round."""

    def __init__(self, name, runs, figure):
        self.name = name
        self.values = [figure(ours) / figure(theirs) for ours, theirs in zip(runs["Ashlar"], runs[name])]
        self.median = median(self.values)

    def __str__(self):
        return f"{self.name} [{min(self.values):.3f} to {max(self.values):.3f}]"


def all_ratios(runs, figure, names=None):
    return [Ratios(name, runs, figure) for name in names or runs if name != "Ashlar"]


def largest(ratios):
    return max(ratios, key=lambda each: each.median)


class Measurement:
    def __init__(self, options):
        self.options = options
        self.verdicts = Verdicts()
        self.generator = random.Random(1)
        self.environments = {"System": environment(), "Ashlar": environment(ashlar(options))}
        self.environments.update((name, environment(library)) for name, library in peers().items())

    def rounds(self, usual, name, *arguments, environments=None):
        """{allocator: [Run of each round]}"""
        environments = environments or self.environments
        command = [program(self.options.tree, name), *arguments]
        count = self.options.rounds or usual
        runs = {allocator: [None] * count for allocator in environments}
        for number in range(count):
            for allocator in shuffled(environments, self.generator):
                progress(f"{name}: round {number + 1} of {count}, {allocator}")
                runs[allocator][number] = Run(command, environments[allocator])
        progress("")
        return runs

    def replace_large(self):
        runs = self.rounds(3, "replace_large", str(self.options.steps), "5m-25m", "1")
        say_each(runs, lambda each: f"{middle(each, cpu):6.2f} s CPU {middle(each, wall):6.2f} s, "
                                    f"RSS {middle(each, peak_mib):6.1f} MiB peak {middle(each, mean_mib):6.1f} MiB mean, "
                                    f"{faults(each)}")
        for what, figure in (("CPU time", cpu), ("wall time", wall)):
            worst = largest(all_ratios(runs, figure))
            self.verdicts.at_most(f"replace_large, {what}, ratio to the fastest", worst.median, 1.10, str(worst))
        peak, mean = (largest(all_ratios(runs, figure)) for figure in (peak_mib, mean_mib))
        better = min(peak, mean, key=lambda each: each.median)
        self.verdicts.at_most("replace_large, peak or mean RSS, ratio to the leanest", better.median, 1.10,
                              f"peak {peak.median:.3f} {peak}, mean {mean.median:.3f} {mean}")

    def moves(self):
        kernels = {"this kernel": environment(), **{f"as {version}": environment(ASHLAR_TEST_KERNEL=version)
                                                    for version in ("6.16", "5.6")}}
        runs = self.rounds(3, "replace_large_kernels", str(self.options.steps), "5m-25m", "1", environments=kernels)
        say_each(runs, lambda each: f"{middle(each, cpu):6.2f} s CPU {middle(each, wall):6.2f} s, "
                                    f"RSS {middle(each, peak_mib):6.1f} MiB peak, {faults(each)}")
        for name in ("this kernel", "as 6.16"):
            ratios = [cpu(moving) / cpu(still) for moving, still in zip(runs[name], runs["as 5.6"])]
            self.verdicts.at_most(f"moves, {name}: CPU time, ratio to that without", median(ratios), 0.90,
                                  f"{min(ratios):.3f} to {max(ratios):.3f}")

    @staticmethod
    def say_speed(runs):
        say_each(runs, lambda each: f"{middle(each, million_operations):6.2f} M/s, {middle(each, cpu):6.2f} s CPU "
                                    f"({middle(each, system):.2f} the system's), RSS {middle(each, peak_mib):6.1f} MiB peak, "
                                    f"{faults(each)}")

    def as_fast_and_lean(self, name, *arguments):
        runs = self.rounds(5, name, *arguments)
        self.say_speed(runs)
        speeds = all_ratios(runs, million_operations)
        worst = min(speeds, key=lambda each: each.median)
        self.verdicts.say(f"{name}, throughput, ratio to the fastest", f"{worst.median:.3f}", "at least 0.95",
                          worst.median >= 0.95, str(worst))
        as_fast = [each.name for each in speeds if each.median <= 1 / 0.8]
        what = f"{name}, peak RSS, ratio to the leanest that is as fast"
        if as_fast:
            worst = largest(all_ratios(runs, peak_mib, as_fast))
            self.verdicts.at_most(what, worst.median, 1.10, str(worst))
        else:
            self.verdicts.say(what, "none reaches 80 % of Ashlar's throughput", "at most 1.1", True)

    def hand_over(self):
        self.as_fast_and_lean("hand_over", "8000000", "16-16k", "1")

    def successors(self):
        self.as_fast_and_lean("successors", "100", "1", "2")

    def needed_again(self, name, *arguments):
        runs = self.rounds(5, name, *arguments)
        self.say_speed(runs)
        fewest = largest(all_ratios(runs, thousand_faults, ["System"]))
        self.verdicts.at_most(f"{name}, page faults, ratio to System's", fewest.median, 2, str(fewest))
        leanest = largest(all_ratios(runs, peak_mib))
        self.verdicts.at_most(f"{name}, peak RSS, ratio to the leanest", leanest.median, 1.10, str(leanest))

    def thread_waves(self):
        self.needed_again("thread_waves", "100", "1", "8")

    def cross_frees(self):
        self.needed_again("cross_frees", "4000000", "8-16k", "1", "8")

    def fragmentation(self):
        runs = self.rounds(3, "fragmentation", "1", "--drain", "0")
        say_each(runs, lambda each: f"RSS / live {middle(each, rss_per_live):.3f}, {middle(each, cpu):5.2f} s CPU, {faults(each)}")
        worst = largest(all_ratios(runs, rss_per_live))
        self.verdicts.say("fragmentation, RSS / live, ratio to the leanest", f"{worst.median:.3f}", "below 1",
                          worst.median < 1, str(worst))

    def drain(self):
        background = "Ashlar, background:true"
        environments = {**self.environments, background: {**self.environments["Ashlar"], "ASHLAR_CONF": "background:true"}}
        runs = self.rounds(1, "drain", "1024", "1k", environments=environments)
        for name, each in runs.items():
            looks = [line.split() for line in each[0].output.splitlines()[1:-1]]
            print(f"      {name:24} RSS in MiB: " + ", ".join(
                f"{int(kib) / 1024:.1f} {'held' if at == 'held' else f'after {at} s'}" for at, kib in looks))
        for name, most in (("Ashlar", 64), (background, 16)):
            complaints = runs[name][0].errors.strip().splitlines()  # such as of a key that there is not
            self.verdicts.at_most(f"drain, RSS in MiB after 5 s, {name}", max(map(drained_mib, runs[name])), most,
                                  "; ".join(complaints))

    def long_run(self):
        seconds = self.options.long_seconds
        turns = {"Ashlar": 1, "System": 0.25}
        whole = seconds * sum(turns.values()) / turns["Ashlar"]
        with tempfile.TemporaryDirectory() as folder:
            tables = {name: os.path.join(folder, name) for name in turns}
            command = [program(self.options.tree, "long_run"), f"{whole:g}", "2", "1", "--csv"]
            progress(f"long_run: {whole:.0f} s")
            outputs = in_turns({name: ([*command, tables[name]], self.environments[name], turns[name]) for name in turns})
            progress("")
            rates = {name: column(table, "operations_per_cpu_second") for name, table in tables.items()}
        ratios = [ours / theirs for ours, theirs in zip(rates["Ashlar"], rates["System"])]
        print("      by System's: " + " ".join(f"{ratio:.3f}" for ratio in ratios))
        rss = float(re.search(r"^RSS drift = (-?[\d.]+) %", outputs["Ashlar"], re.MULTILINE).group(1))
        for what, drift, more in (("throughput by System's", drift_percent(ratios),
                                   f"by itself {drift_percent(rates['Ashlar']):.2f} %, System {drift_percent(rates['System']):.2f} %"),
                                  ("RSS", rss, "")):
            self.verdicts.say(f"long_run, {seconds} s, second tenth to last: drift of {what}", f"{drift:.2f} %",
                              "at most 2 % either way", abs(drift) <= 2, more)


CRITERIA = {"replace_large": Measurement.replace_large, "moves": Measurement.moves, "hand_over": Measurement.hand_over,
            "successors": Measurement.successors, "thread_waves": Measurement.thread_waves,
            "cross_frees": Measurement.cross_frees, "fragmentation": Measurement.fragmentation,
            "drain": Measurement.drain, "long_run": Measurement.long_run}


def main():
    parser = argument_parser(__doc__, rounds=(0, "rounds of each criterion, 0: 3 of replace_large, moves and fragmentation, "
                                                 "1 of drain, 5 of the others"),
                             steps=(2000, "of replace_large and moves"), long_seconds=(600, "of long_run"))
    parser.add_argument("criteria", nargs="*", metavar="CRITERION", help=f"{', '.join(CRITERIA)} (default: all but long_run)")
    parser.add_argument("--long", action="store_true", help="long_run as well, ten minutes")
    options = parser.parse_args()
    unknown = set(options.criteria) - set(CRITERIA)
    if unknown:
        parser.error(f"no criterion is called {', '.join(sorted(unknown))}")
    chosen = options.criteria or [name for name in CRITERIA if name != "long_run"]
    if options.long:
        chosen = list(dict.fromkeys([*chosen, "long_run"]))
    measurement = Measurement(options)
    for name in chosen:
        CRITERIA[name](measurement)
    return measurement.verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
