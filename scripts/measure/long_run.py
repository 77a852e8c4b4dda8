# SPDX-License-Identifier: MIT
"""Whether Ashlar is as fast and as small after a hundred times the operations: random_mixed with N and 100 N.

Speed is operations per second of CPU time of the whole process (wall time says little on a shared machine). Every three
seconds the long run is stopped for a short one, so that both see the same machine. Memory is resident memory of the
long run, sampled every 20 ms. Its peak after the first tenth of the time is compared with its peak within it. System
runs beside Ashlar: whatever grows old under both is the program's, whose blocks lie less and less in the order it uses
them."""
import sys

from measuring import Run, Verdicts, arguments, ashlar, environment, median, program, progress


def growth(run):
    """(peak within the first tenth, peak after it)"""
    tenth = run.samples[-1][0] / 10
    return (max(kib for at, kib in run.samples if at <= tenth), max(kib for at, kib in run.samples if at > tenth))


def main():
    options = arguments(__doc__, operations=(30000000, "operations of a short run"), rounds=(1, "long runs"),
                        size=("16-1024", "bytes"))
    bench = program(options.tree, "random_mixed")

    def command(factor):
        return [bench, str(options.operations * factor), options.size, "42"]

    environments = {"System": environment(), "Ashlar": environment(ashlar(options))}
    ratios, grown = {name: [] for name in environments}, {name: [] for name in environments}
    for number in range(options.rounds):
        for name, env in environments.items():
            progress(f"long run: round {number + 1} of {options.rounds}, {name}")
            short = []
            long = Run(command(100), env, pauses=(3, lambda env=env, short=short: short.append(Run(command(1), env))))
            short_seconds = sum(each.cpu_seconds for each in short) / len(short)
            ratios[name].append(100 * short_seconds / long.cpu_seconds)
            grown[name].append(growth(long))
            progress("")
            print(f"      {name}: {long.cpu_seconds:.2f} s of CPU time long, {short_seconds:.3f} s short, mean of {len(short)}, "
                  f"speed {ratios[name][-1]:.3f}; {grown[name][-1][0]} KiB, then {grown[name][-1][1]} KiB")
    verdicts = Verdicts()
    ratio = median(ratios["Ashlar"])
    verdicts.say("throughput, 100 N to N", f"{ratio:.3f}", "0.95 to 1.05", 0.95 <= ratio <= 1.05,
                 f"System {median(ratios['System']):.3f}")
    worst = {name: max(late / early for early, late in pairs) for name, pairs in grown.items()}
    verdicts.at_most("resident memory after the first tenth, ratio to within it", worst["Ashlar"], 1.05,
                     f"System {worst['System']:.3f}")
    return verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
