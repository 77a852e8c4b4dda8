# SPDX-License-Identifier: MIT
"""What the workloads ask of memory that processors share: counted by the library (count:true), not timed. Each figure
is for a thousand calls, malloc and free together. Runs differ by a few percent: upkeep goes by the clock, and several
threads meet in different ways.

  bins, map     holds of the locks of bins (one for each class and shard), and of the one lock of the slice map
  other         holds of all other locks: tables, mixed slabs, growth, threads
  remote        blocks that went home to another shard
  lines at N    cache lines that change processor, with N processors: three for each hold of what all share (the
                lock, the state behind it, the entry), and three for each remote block (block, descriptor, lock of
                the bin). Of N shards all but one are other ones, so there are more remote blocks with more of them
  busy at N     how long the lock of the slice map is held, if each of N processors calls every --call nanoseconds and
                a hold takes --hold: from 100 % on, threads wait for it
"""
import json
import os
import subprocess
import sys
import tempfile

from measuring import argument_parser, ashlar, checked, environment, program

WORKLOADS = ["random_mixed 2000000 16-4096 1 20000", "production_sizes 1000000 fleet 1 2", "swapped_batches 4000000 64 1 10000 2",
             "cross_frees 2000000 8-16k 1 8", "hand_over 500000 16-16k 1", "thread_waves 4 1 8",
             "mixed_lifetimes 2000000 1 2 --live 100", "large_batches 100000 1 32 2"]
LINES = 3  # of a hold
LARGE = "large_batches"  # its calls are not those of size classes: its argument says how many there are


def counts(command, library):
    """(holds of bins, of the slice map and of others, remote blocks) for a thousand calls, and the number of shards."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "figures.json")
        run = subprocess.run(command, env=environment(library, ASHLAR_CONF=f"count:true,stats_at_exit:{path}"),
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if run.returncode != 0:
            sys.exit(f"{' '.join(command)} failed under {library}:\n{run.stderr}")
        try:
            with open(path, encoding="utf-8") as file:
                figures = json.load(file)
        except (OSError, ValueError) as error:
            sys.exit(f"{library} wrote no statistics ({error}); it must be a library of Ashlar that knows count and stats_at_exit")
    process, locks = figures["process"], {name: each["acquisitions"] for name, each in figures["locks"].items()}
    calls = process["allocations"] + process["releases"]
    if os.path.basename(command[0]) == LARGE:
        calls += 2 * int(command[1])
    bins, slice_map = locks.pop("bins"), locks.pop("superslabs")
    held = (bins, slice_map, sum(locks.values()), process["remote_frees"])
    return [1000 * each / calls for each in held], process["shards"]


def lines(slice_map, other, remote, shards, processors):
    others = (1 - 1 / processors) / (1 - 1 / shards) if shards > 1 else 1
    return LINES * (slice_map + other + remote * others)


def busy(slice_map, processors, options):
    return slice_map / 1000 * options.hold / options.call * processors * 100


def main():
    parser = argument_parser(__doc__, call=(100, "nanoseconds from one call to the next on each processor"),
                             hold=(100, "nanoseconds that the lock of the slice map is held"))
    parser.add_argument("--before", metavar="LIBRARY", help="another library of Ashlar, counted too")
    parser.add_argument("--processors", type=int, nargs="+", default=[2, 64, 256], metavar="N", help="default 2 64 256")
    parser.add_argument("--only", metavar="WORKLOAD", help="the first word of its command")
    options = parser.parse_args()
    if min([*options.processors, options.call, options.hold]) < 1:
        parser.error("--processors, --call and --hold are 1 or more")
    chosen = [each for each in WORKLOADS if options.only in (None, each.split()[0])]
    if not chosen:
        parser.error(f"there is no workload {options.only}; there are {', '.join(each.split()[0] for each in WORKLOADS)}")
    libraries = {"now": ashlar(options)}
    if options.before:
        libraries = {"before": checked(options.before), **libraries}
    columns = ["bins", "map", "other", "remote", *(f"lines at {each}" for each in options.processors),
               *(f"busy at {each}" for each in options.processors)]
    print("| workload | library | " + " | ".join(columns) + " |\n" + "| --- " * (len(columns) + 2) + "|")
    for words in chosen:
        name, *rest = words.split()
        for which, library in libraries.items():
            (bins, slice_map, other, remote), shards = counts([program(options.tree, name), *rest], library)
            cells = [f"{each:.2f}" for each in (bins, slice_map, other, remote)]
            cells += [f"{lines(slice_map, other, remote, shards, each):.1f}" for each in options.processors]
            cells += [f"{busy(slice_map, each, options):.1f} %" for each in options.processors]
            print(f"| `{words}` | {which} | " + " | ".join(cells) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
