# SPDX-License-Identifier: MIT
"""What the hardened library's checks cost: CPU time (user and system) of an operation, as a multiple of the default
library's. The programs are random-mixed and Larson as `ashlar bench` runs them. Measured are the hardened library as it
is (ASHLAR_CONF is passed on), with checks:pointers, and scudo if it is installed. Each runs once in each round, in
random order; the figure is the median of the rounds' ratios.

Large blocks that come and go, all of them written, are compared with the C library's malloc ("System") instead, which makes no
system call there.

--floor measures what single checks take at least instead: the program `hardened_floor` (bench/floor) does them itself,
around plain malloc and free of the default library. The least CPU time of all rounds, and instructions."""
import math
import os
import random
import sys

from instructions import count
from measuring import OTHER_PEERS, Run, Verdicts, argument_parser, ashlar, environment, interval, loaded, median, peers
from measuring import program, progress, shuffled

SIZES = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
LARGE_KIB = (64, 128, 256, 512, 1024, 8192)
MOST, MOST_OF_LARSON, MOST_OF_LARGE = 1.5, {1: 2.5, 2: 3.0, 4: 3.0, 8: 3.0}, 3.0

CHECKS = {
    "nothing": [],
    "live bytes": ["--live"],
    "canary": ["--canary"],
    "poison": ["--poison"],
    "delay": ["--delay", "{delay}"],
    "canary, poison, delay": ["--canary", "--poison", "--delay", "{delay}"],
}
# Size, slots, and how many of each class wait: an eighth of what is held, as in the library.
LOADS = {
    "random-mixed, 64 B": (["64", "1", "4096"], "256"),
    "random-mixed, 1024 B": (["1024", "1", "4096"], "256"),
    "Larson's, 8 to 1000 B": (["8-1000", "1", "5000", "--replace"], "14"),
}


def random_mixed(options, size):
    """Nanoseconds of CPU time of an operation."""
    command = [program(options.tree, "random_mixed"), str(options.operations), str(size), "1"]
    return command, lambda run: run.cpu_seconds / options.operations * 1e9


def larson(options, threads):
    command = [program(options.tree, "larson"), str(options.seconds), "8", "1000", "5000", "100", "7", str(threads)]
    return command, lambda run: run.cpu_seconds / (run.throughput() * options.seconds) * 1e9


def large(options, kib):
    """Of a block's life. It is a single one, which is released, allocated and written again and again."""
    lives = options.bytes // (kib << 10)
    command = [program(options.tree, "replace_large"), str(lives), str(kib << 10), "1", "1"]
    return command, lambda run: run.cpu_seconds / lives * 1e9


def hardened(options):
    library = os.path.realpath(options.hardened or os.path.join(options.tree, "lib/libashlar-hardened.so"))
    if not os.path.exists(library) or not loaded(library):
        sys.exit(f"{library} is missing or cannot be preloaded")
    return library


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def instructions(options, arguments):
    """Of an operation: counted, so the same in every run."""
    few = 100000
    counted = [count([program(options.tree, "hardened_floor"), str(times * few), *arguments], ashlar(options)) for times in (1, 3)]
    return (counted[1] - counted[0]) / (2 * few)


def floor(options):
    """A table: nanoseconds and instructions of an operation without checks, and what each check adds."""
    print(f"| | {' | '.join(LOADS)} |\n|{' --- |' * (len(LOADS) + 1)}")
    generator, least, counts = random.Random(1), {}, {}
    for load, (arguments, delay) in LOADS.items():
        extra = {check: [argument.format(delay=delay) for argument in added] for check, added in CHECKS.items()}
        for check, added in extra.items():
            counts[check, load] = instructions(options, [*arguments, *added])
        for number in range(options.rounds):
            progress(f"{load}: round {number + 1} of {options.rounds}")
            for check in shuffled(CHECKS, generator):
                command = [program(options.tree, "hardened_floor"), str(options.operations), *arguments, *extra[check]]
                taken = Run(command, environment(ashlar(options))).cpu_seconds / options.operations * 1e9
                least[check, load] = min(taken, least.get((check, load), math.inf))
    progress("")
    for check in CHECKS:
        sign, own = ("", 0) if check == "nothing" else ("+", 1)
        cells = [f"{least[check, load] - own * least['nothing', load]:{sign}.1f} ns, "
                 f"{counts[check, load] - own * counts['nothing', load]:{sign}.0f}" for load in LOADS]
        print(f"| {check} | {' | '.join(cells)} |")
    return 0


def compare(options):
    own = hardened(options)
    libraries = {"default": environment(ashlar(options)), "hardened": environment(own),
                 "checks:pointers": environment(own, ASHLAR_CONF="checks:pointers")}
    if scudo := peers(OTHER_PEERS).get("scudo"):
        libraries["scudo"] = environment(scudo)
    # {workload: (command and nanoseconds, of which library the others are multiples, {library: its target})}
    both = {"hardened": MOST, "checks:pointers": MOST}
    workloads = {f"random-mixed, {size} B": (random_mixed(options, size), "default", both) for size in SIZES}
    workloads |= {f"larson, {count} thread{'s' if count > 1 else ''}":
                  (larson(options, count), "default", {"hardened": most, "checks:pointers": most})
                  for count, most in MOST_OF_LARSON.items()}
    workloads |= {f"large, {kib} KiB": (large(options, kib), "System", {"hardened": MOST_OF_LARGE}) for kib in LARGE_KIB}
    workloads = {name: workload for name, workload in workloads.items() if not options.only or options.only in name}

    generator = random.Random(1)
    verdicts, all_ratios = Verdicts(), {}
    for workload, ((command, nanoseconds), base, targets) in workloads.items():
        compared = {**libraries, "System": environment()} if base == "System" else libraries
        samples = {name: [] for name in compared}
        for number in range(options.rounds):
            progress(f"{workload}: round {number + 1} of {options.rounds}")
            for name in shuffled(compared, generator):
                samples[name].append(nanoseconds(Run(command, compared[name])))
        progress("")
        ratios = {name: [one / other for one, other in zip(samples[name], samples[base])] for name in compared}
        for name, values in ratios.items():
            all_ratios.setdefault((base, name), {})[workload] = median(values)
        detail = ", ".join(f"{name} {median(values):.1f} ns" for name, values in samples.items())
        if "scudo" in ratios:
            detail += f", scudo {median(ratios['scudo']):.2f} of {base}"
        for name, most in targets.items():
            low, high = interval(ratios[name])
            verdicts.at_most(f"{workload}, CPU of {name} to {base}", median(ratios[name]), most,
                             f"{median(ratios[name]):.2f}× ({low:.2f} to {high:.2f})" + (f"; {detail}" if name == "hardened" else ""))
    for (base, name), values in all_ratios.items():
        if name != base:
            print(f"      {name} to {base}, geometric mean of {len(values)}: {geometric_mean(values.values()):.2f}")
    return verdicts.status()


def main():
    parser = argument_parser(__doc__, rounds=(15, "runs of each"), operations=(10000000, "of a run of random-mixed"),
                             seconds=(1.0, "of a run of Larson"), bytes=(4 << 30, "written by a run of large blocks"))
    parser.add_argument("--hardened", help="the hardened library (default: the tree's)")
    parser.add_argument("--only", help="workloads whose name contains this")
    parser.add_argument("--floor", action="store_true", help="what single checks take at least")
    options = parser.parse_args()
    return floor(options) if options.floor else compare(options)


if __name__ == "__main__":
    sys.exit(main())
