# SPDX-License-Identifier: MIT
"""Whether Ashlar is as fast and as small after a hundred times the operations: random_mixed with N and 100 N.

Speed is operations per second of CPU time of the whole process (wall time says little on a shared machine and is only
printed); the long run against the median of short ones before and after it. Memory is resident memory of the long
run, sampled every 20 ms: its peak after the first tenth of the time against its peak within it. System runs beside
Ashlar: whatever grows old under both is the program's, whose blocks lie less and less in the order it uses them."""
import os
import re
import select
import subprocess
import sys
import time

from measuring import Verdicts, arguments, ashlar, environment, median, program, progress


def resident_kib(process):
    with open(f"/proc/{process}/status", encoding="ascii") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("VmRSS")), None)


class Run:
    """One run: its rates by CPU and by wall time, and [(seconds since start, resident KiB)]."""

    def __init__(self, command, operations, env):
        start, self.samples = time.monotonic(), []
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        ended = select.poll()
        descriptor = os.pidfd_open(process.pid)
        ended.register(descriptor, select.POLLIN)
        while not ended.poll(20):
            resident = resident_kib(process.pid)
            if resident is not None:
                self.samples.append((time.monotonic() - start, resident))
        os.close(descriptor)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        found = re.search(r"Throughput = +(\d+)", output)
        if process.returncode != 0 or not found:
            sys.exit(f"{command} failed:\n{output}")
        self.wall_rate = int(found.group(1))
        self.cpu_rate = operations / (usage.ru_utime + usage.ru_stime)

    def growth(self):
        """(peak within the first tenth, peak after it)"""
        tenth = self.samples[-1][0] / 10
        return (max(kib for at, kib in self.samples if at <= tenth), max(kib for at, kib in self.samples if at > tenth))


def main():
    options = arguments(__doc__, operations=(10000000, "operations of a short run"), rounds=(3, "long runs"),
                        size=("16-1024", "bytes"))
    bench = program(options.tree, "random_mixed")

    def run(factor, env):
        operations = options.operations * factor
        return Run([bench, str(operations), options.size, "42"], operations, env)

    environments = {"System": environment(), "Ashlar": environment(ashlar(options.tree))}
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
            print(f"      {name}: {long.wall_rate / 1e6:.1f} M/s long, {median([each.wall_rate for each in short]) / 1e6:.1f} M/s "
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
