# SPDX-License-Identifier: MIT
"""Whether Ashlar is as fast and as small after a hundred times the operations: random_mixed with N and 100 N.

Speed is operations per second of CPU time of the whole process (wall time says little on a shared machine and is only
printed); the long run against the median of short ones before and after it. Memory is resident memory of the long
run, sampled every 20 ms: its peak after the first tenth of the time against its peak within it. System runs beside
Ashlar: whatever grows old under both is the program's, whose blocks lie less and less in the order it uses them."""
import sys

from measuring import Run, Verdicts, arguments, ashlar, environment, median, program, progress


class RandomMixed(Run):
    def __init__(self, bench, operations, size, env):
        super().__init__([bench, str(operations), size, "42"], env)
        self.cpu_rate = operations / self.cpu_seconds

    def growth(self):
        """(peak within the first tenth, peak after it)"""
        tenth = self.samples[-1][0] / 10
        return (max(kib for at, kib in self.samples if at <= tenth), max(kib for at, kib in self.samples if at > tenth))


def main():
    options = arguments(__doc__, operations=(10000000, "operations of a short run"), rounds=(3, "long runs"),
                        size=("16-1024", "bytes"))
    bench = program(options.tree, "random_mixed")

    def run(factor, env):
        return RandomMixed(bench, options.operations * factor, options.size, env)

    environments = {"System": environment(), "Ashlar": environment(ashlar(options))}
    ratios, growth = {name: [] for name in environments}, {name: [] for name in environments}
    for number in range(options.rounds):
        for name, env in environments.items():
            progress(f"long run: round {number + 1} of {options.rounds}, {name}")
            short = [run(1, env) for _ in range(4)]
            long = run(100, env)
            short += [run(1, env) for _ in range(4)]
            ratios[name].append(long.cpu_rate / median([each.cpu_rate for each in short]))
            growth[name].append(long.growth())
            progress("")
            print(f"      {name}: {long.throughput() / 1e6:.1f} M/s long, {median([each.throughput() for each in short]) / 1e6:.1f} M/s "
                  f"short by the wall, {ratios[name][-1]:.3f} by CPU time; {growth[name][-1][0]} KiB, then {growth[name][-1][1]} KiB")
    verdicts = Verdicts()
    ratio = median(ratios["Ashlar"])
    verdicts.say("throughput, 100 N to N", f"{ratio:.3f}", "0.95 to 1.05", 0.95 <= ratio <= 1.05,
                 f"System {median(ratios['System']):.3f}")
    worst = {name: max(late / early for early, late in pairs) for name, pairs in growth.items()}
    verdicts.at_most("resident memory after the first tenth, ratio to within it", worst["Ashlar"], 1.05,
                     f"System {worst['System']:.3f}")
    return verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
