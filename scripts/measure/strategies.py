# SPDX-License-Identifier: MIT
"""What each of six ways to tune a program's memory gains and costs, in turns with the program as it is.

A round runs each program both ways, in shuffled order. The figures are medians of the ratios within rounds, changed by
unchanged, with the smallest and the largest. With --markdown it prints the table of docs/performance.md."""
import os
import random
import sys

from measuring import Run, argument_parser, ashlar, environment, median, program, progress, shuffled

# name, when it pays, workload and its arguments, what is changed: (settings before, settings now), None: System
STRATEGIES = [
    ("preload Ashlar", "many small blocks", ["strings_and_maps", "2000000", "1"], (None, "")),
    ("more for each thread's cache: `thread_cache:16m`", "long waves of blocks", ["batches", "4000000", "16-1k", "1", "fifo"],
     ("", "thread_cache:16m")),
    ("let freed pages wait: `dirty_limit:256m`", "memory that is needed again at once", ["thread_waves", "10", "1", "8"],
     ("", "dirty_limit:256m")),
    ("give back sooner: `dirty_limit:4m,purge_delay_ms:100`", "memory that is short",
     ["cross_frees", "1000000", "8-16k", "1", "8"], ("", "dirty_limit:4m,purge_delay_ms:100")),
    ("huge pages: `huge_pages:always`", "a large heap that is used at random",
     ["mixed_lifetimes", "4000000", "1", "1", "--live", "200"], ("", "huge_pages:always")),
    ("large blocks from the system: `large_limit:1m`", "few large blocks that live long", ["replace_large", "60", "5m-25m", "1"],
     ("", "large_limit:1m")),
]


def environments(options, settings):
    if settings is None:
        return environment()
    return environment(ashlar(options), **({"ASHLAR_CONF": settings} if settings else {}))


def ratios(before, now, figure):
    values = [figure(one) / figure(other) for one, other in zip(now, before) if figure(other) > 0]
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main():
    parser = argument_parser(__doc__, rounds=(9, "rounds"))
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    options = parser.parse_args()
    generator = random.Random(1)
    rows = []
    for name, when, words, settings in STRATEGIES:
        command = [program(options.tree, words[0]), *words[1:]]
        runs = {"before": [], "now": []}
        which = dict(zip(runs, (environments(options, each) for each in settings)))
        for number in range(options.rounds):
            for side in shuffled(runs, generator):
                progress(f"{name}: round {number + 1} of {options.rounds}")
                runs[side].append(Run(command, which[side]))
        progress("")
        figures = [ratios(runs["before"], runs["now"], figure)
                   for figure in (lambda run: run.cpu_seconds, lambda run: run.peak_kib, lambda run: run.faults)]
        rows.append([name, when, words[0], *figures])
    header = ["change", "pays for", "workload", "CPU time", "peak RSS", "page faults"]
    if options.markdown:
        for row in [header, ["---"] * len(header), *rows]:
            print("| " + " | ".join(row) + " |")
    else:
        for row in [header, *rows]:
            print("  ".join(f"{cell:{width}}" for cell, width in zip(row, (55, 36, 17, 22, 22, 22))).rstrip())
    return 0


if __name__ == "__main__":
    os.environ.pop("ASHLAR_CONF", None)
    sys.exit(main())
