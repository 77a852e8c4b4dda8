# SPDX-License-Identifier: MIT
"""Runs build/release/bin/micro under System, Ashlar, jemalloc, mimalloc and tcmalloc, and writes one JSON file of Google
Benchmark's for each; `ashlar report System=results/micro/system.json Ashlar=results/micro/ashlar.json` shows them. Other options go to
Google Benchmark:

  scripts/measure/micro.sh                                                       everything, about six minutes
  scripts/measure/micro.sh --benchmark_filter='^pair/.*threads:1$'               one operation, all sizes
  scripts/measure/micro.sh --benchmark_filter='/size:(64|1024)/' --benchmark_repetitions=5

Benchmarks are pair, batch, calloc, realloc, aligned, cross_thread and first_touch, with names such as
pair/size:64/threads:2; bench/micro says what each does. time_per_op is CPU time; faults are minor page faults of an
operation.

In the end it prints the geometric mean over the sizes of time_per_op in percent of System's, for each operation and
number of threads. Less is faster. The allocators run one after the other and not in rounds, so a difference of some
percent means nothing. `ashlar bench` ranks, this shows where to look."""
import json
import math
import os
import re
import statistics
import subprocess
import sys

from measuring import ROOT, argument_parser, ashlar, environment, peers, program, progress


def run(name, env, options, extra):
    """The measurements of one allocator: {benchmark: median seconds of an operation}"""
    path = os.path.join(options.out, f"{name.lower()}.json")
    done = subprocess.run([program(options.tree, "micro"), "--benchmark_min_time=0.01", "--benchmark_min_warmup_time=0.005", *extra, f"--benchmark_out={path}",
                           "--benchmark_out_format=json", f"--benchmark_context=allocator={name}"],
                          env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0 or "Failed to match" in done.stderr or "unrecognized" in done.stderr:
        sys.exit(f"micro failed under {name}, status {done.returncode}:\n{done.stderr}")
    with open(path, encoding="utf-8") as file:
        entries = json.load(file)["benchmarks"]
    times = {}
    for entry in entries:
        if entry.get("error_occurred"):
            print(f"{name}: {entry['run_name']}: {entry['error_message']}")
        elif entry["run_type"] == "iteration":
            times.setdefault(entry["run_name"], []).append(entry["time_per_op"])
    return {benchmark: statistics.median(values) for benchmark, values in times.items()}


def group(benchmark):
    """("pair", "2") of pair/size:64/threads:2"""
    return re.sub(r"/size:\d+|/threads:\d+", "", benchmark), re.search(r"/threads:(\d+)", benchmark).group(1)


def print_ratios(results):
    others = [name for name in results if name != "System"]
    print(f"{'':24} {'threads':>7} {'System':>10} " + " ".join(f"{name:>9}" for name in others))
    for operation, threads in dict.fromkeys(map(group, results["System"])):
        row = f"{operation:24} {threads:>7} "
        mine = {name: value for name, value in results["System"].items() if group(name) == (operation, threads)}
        row += f"{1e9 * math.exp(statistics.mean(map(math.log, mine.values()))):7.1f} ns "
        for other in others:
            logarithms = [math.log(results[other][name] / value) for name, value in mine.items() if name in results[other]]
            row += f"{100 * math.exp(statistics.mean(logarithms)):8.0f}% " if logarithms else f"{'-':>9} "
        print(row.rstrip())


def main():
    parser = argument_parser(__doc__)
    parser.add_argument("--out", default=os.path.join(ROOT, "results/micro"), metavar="FOLDER",
                        help="for the JSON files (default results/micro)")
    options, extra = parser.parse_known_args()
    foreign = [argument for argument in extra if not argument.startswith("--benchmark_")]
    if foreign:
        parser.error(f"neither an option of this command nor of Google Benchmark: {' '.join(foreign)}")
    libraries = {"System": None, "Ashlar": ashlar(options), **peers()}
    os.makedirs(options.out, exist_ok=True)
    results = {}
    for name, library in libraries.items():
        progress(f"{name}, {len(results) + 1} of {len(libraries)}")
        results[name] = run(name, environment(library), options, extra)
    progress("")
    print_ratios(results)
    print(f"JSON: {options.out}/*.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
