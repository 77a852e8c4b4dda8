# SPDX-License-Identifier: MIT
"""What the sampling profiler costs. Programs run on Ashlar without it, with it at its usual rate and at 16 KiB, in
turns. Beside them runs jemalloc without and with its own profiler, if it was built with one. The system's malloc runs
without and with heaptrack, if it is installed. Printed are ratios of CPU time for the same work with a 95 % interval of
the median over the rounds. Ratios of instructions (cachegrind, once) and of peak RSS stand beside them.

  random-mixed   16 to 4096 bytes, one thread
  larson         8 to 1000 bytes, two threads
  redis          a server that redis-benchmark asks; the server's figures

heaptrack records every call: it gets a twentieth of the work (larson: the same time), in three rounds."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

from measuring import Run, Verdicts, argument_parser, ashlar, command_path, environment, interval, median, peers, program, progress
from servers import Redis

USUAL, MANY = "512 KiB", "16 KiB"
# What `ashlar profile` sets, by default and with --rate 16K.
SETTINGS = {USUAL: "profile:512k", MANY: "profile:16k,profile_cost:10"}
MOST_CPU = {USUAL: 1.05, MANY: 1.15}
CACHEGRIND = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]


class Variant:
    """How a program runs: the allocator and what watches it."""

    def __init__(self, name, base, env, wrapper=(), share=1.0, rounds=None):
        self.name, self.base, self.env, self.wrapper, self.share, self.rounds = name, base, env, list(wrapper), share, rounds


class Result:
    """Of one run: CPU seconds for one unit of work, and peak KiB."""

    def __init__(self, seconds, work, peak_kib):
        self.cost, self.peak_kib = seconds / work, peak_kib


class RandomMixed:
    name = "random-mixed"

    def __init__(self, options):
        self.program, self.operations, self.counted = program(options.tree, "random_mixed"), options.operations, 5_000_000

    def run(self, variant, _folder):
        operations = int(self.operations * variant.share)
        done = Run([*variant.wrapper, self.program, str(operations), "16-4096", "1"], variant.env)
        return Result(done.cpu_seconds, operations, done.peak_kib)

    def instructions(self, variant, _folder):
        return counted([self.program, str(self.counted), "16-4096", "1"], variant.env) / self.counted


class Larson:
    """Runs for a time: the work is the operations that it did."""
    name = "larson"

    def __init__(self, options):
        self.program, self.seconds = program(options.tree, "larson"), options.seconds

    def run(self, variant, _folder):
        done = Run([*variant.wrapper, *self.command(self.seconds)], variant.env)  # a time, however slow it is
        return Result(done.cpu_seconds, done.throughput(), done.peak_kib)

    def command(self, seconds):
        return [self.program, f"{seconds:.3f}", "8", "1000", "1000", "5000", "7", "2"]

    def instructions(self, variant, _folder):
        operations = []
        count = counted(self.command(4), variant.env, lambda output: operations.append(
            float(re.search(r"^Throughput = +(\d+)", output, re.MULTILINE).group(1)) * 4))
        return count / operations[0]


class RedisServer:
    name = "redis"

    def __init__(self, options):
        self.requests, self.server = options.requests, Redis()

    def run(self, variant, folder):
        requests = int(self.requests * variant.share)
        used = self.server.run(variant.env, folder, requests, variant.wrapper)
        return Result(used.cpu_seconds, requests, used.peak_kib)

    def instructions(self, variant, folder):
        requests = 20_000
        return refs(self.server.run(variant.env, folder, requests, CACHEGRIND).output) / requests


def refs(text):
    found = re.search(r"I\s+refs:\s+([\d,]+)", text)
    if not found:
        sys.exit(f"valgrind failed:\n{text}")
    return int(found.group(1).replace(",", ""))


def counted(command, env, look=lambda output: None):
    done = subprocess.run([*CACHEGRIND, *command], env=env, capture_output=True, text=True, check=False)
    look(done.stdout)
    return refs(done.stderr)


def jemalloc_profiles(library):
    """Whether it was built with its profiler."""
    done = subprocess.run(["true"], env=environment(library, MALLOC_CONF="prof:true,prof_active:false"), capture_output=True,
                          text=True, check=False)
    return "Invalid conf" not in done.stderr


def variants(library, folder, without):
    """In the order in which they are printed; each has the one that it is compared with before it."""
    files = f"profile_file:{folder}"
    found = [Variant("Ashlar", None, environment(library))]
    found += [Variant(f"Ashlar, {name}", "Ashlar", environment(library, ASHLAR_CONF=f"{conf},{files}"))
              for name, conf in SETTINGS.items()]
    jemalloc = peers().get("jemalloc")
    if jemalloc and jemalloc_profiles(jemalloc):
        found.append(Variant("jemalloc", None, environment(jemalloc)))
        found += [Variant(f"jemalloc, {name}", "jemalloc", environment(
            jemalloc, MALLOC_CONF=f"prof:true,lg_prof_sample:{bits},prof_prefix:{folder}/je,prof_final:true"))
            for name, bits in ((USUAL, 19), (MANY, 14))]
    elif jemalloc:
        print("jemalloc: built without its profiler")
    if not shutil.which("heaptrack"):
        print("heaptrack: not installed")
    elif not without:
        share, rounds = 0.05, 3
        found.append(Variant("System", None, environment(), share=share, rounds=rounds))
        found.append(Variant("heaptrack", "System", environment(), ["heaptrack", "-r", "-o", f"{folder}/heaptrack"], share, rounds))
    return found


def clear(folder):
    for path in glob.glob(f"{folder}/*"):
        os.unlink(path)


def ratios(results, variant):
    return [mine.cost / other.cost for mine, other in zip(results[variant.name], results[variant.base])]


def measure(workload, all_variants, options, folder, verdicts):
    results = {variant.name: [] for variant in all_variants}
    for number in range(options.rounds):
        # Half of the rounds the other way round: what a machine does to the second of two is nobody's.
        for variant in all_variants if number % 2 == 0 else reversed(all_variants):
            if variant.rounds is not None and number >= variant.rounds:
                continue
            progress(f"{workload.name}, round {number + 1} of {options.rounds}: {variant.name}")
            results[variant.name].append(workload.run(variant, folder))
            clear(folder)
    instructions = {}
    for variant in all_variants:
        if options.instructions and variant.wrapper == [] and variant.name.split(",")[0] == "Ashlar":
            progress(f"{workload.name}, instructions: {variant.name}")
            instructions[variant.name] = workload.instructions(variant, folder)
            clear(folder)
    progress("")
    print(f"{workload.name}, {options.rounds} rounds")
    for variant in all_variants:
        peak = median([each.peak_kib for each in results[variant.name]])
        if variant.base is None:
            print(f"  {variant.name:18} {'':30} peak RSS {peak:9.0f} KiB")
            continue
        values = ratios(results, variant)
        low, high = interval(values)
        base = median([each.peak_kib for each in results[variant.base]])
        line = f"  {variant.name:18} CPU {median(values):6.3f} [{low:.3f} to {high:.3f}]"
        if not variant.wrapper:  # else the peak would be the wrapper's
            line += f"  peak RSS {peak:9.0f} KiB, {peak / base:.3f}"
        if variant.name in instructions:
            line += f"  instructions {instructions[variant.name] / instructions[variant.base]:.4f}"
        print(line, flush=True)
    for name, most in MOST_CPU.items():
        watched = next(each for each in all_variants if each.name == f"Ashlar, {name}")
        verdicts.at_most(f"{workload.name}, {name}: CPU, upper bound", interval(ratios(results, watched))[1], most)
    usual = f"Ashlar, {USUAL}"
    peaks = {each: median([result.peak_kib for result in results[each]]) for each in ("Ashlar", usual)}
    verdicts.at_most(f"{workload.name}, {USUAL}: peak RSS", peaks[usual] / peaks["Ashlar"], 1.03)
    if instructions:
        verdicts.at_most(f"{workload.name}, {USUAL}: instructions", instructions[usual] / instructions["Ashlar"], 1.03)


def main():
    parser = argument_parser(__doc__, rounds=(31, "rounds"), operations=(100_000_000, "operations of random-mixed"),
                             seconds=(1.0, "seconds of larson"), requests=(200_000, "requests of each kind to redis"))
    parser.add_argument("--only", choices=("random-mixed", "larson", "redis"), help="one workload")
    parser.add_argument("--no-instructions", dest="instructions", action="store_false", help="do not count instructions")
    parser.add_argument("--no-heaptrack", action="store_true", help="leave it out: it takes longest")
    options = parser.parse_args()
    if options.instructions:
        command_path("valgrind")
    library = ashlar(options)
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory() as folder:
        all_variants = variants(library, folder, options.no_heaptrack)
        for workload in (RandomMixed, Larson, RedisServer):
            if options.only in (None, workload.name):
                measure(workload(options), all_variants, options, folder, verdicts)
    return verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
