# SPDX-License-Identifier: MIT
"""Time and memory of the workloads of bench/: what each allocator takes, and what it does with the memory it keeps.

A round runs each workload once under each allocator, in shuffled order. These are System, System again (what differs
between these two is noise), Ashlar, and the library that --today names. jemalloc, mimalloc and tcmalloc follow as far
as they are installed. The columns are wall time, CPU time of the program and of the kernel for it, page faults, and
peak RSS. Voluntary context switches say how often a thread waited. Some workloads print figures of their own. The
medians come first. Below stand the ratios to System and to today's library: the median of those within rounds, with its
95 % interval.

Workloads that are bounded by time are compared by what a million operations take. Targets are printed as PASS or FAIL;
those against today's library need --today. The geometric means at the end are over the workloads that are not marked as
probes. A probe is made for one figure of its own."""
import dataclasses
import json
import random
import statistics
import sys

from measuring import (Run, Verdicts, argument_parser, ashlar, checked, environment, interval, median, peers, program,
                       progress, shuffled)

SYSTEM, AGAIN, ASHLAR, TODAY = "System", "System again", "Ashlar", "today"
COLUMNS = {"wall": "wall s", "user": "user s", "system": "system s", "faults": "faults", "switches": "switches", "rss": "RSS MiB"}
DECIMALS = {"wall": 3, "user": 3, "system": 3, "faults": 0, "switches": 0}
FORMAT = "ashlar-economy-1"


@dataclasses.dataclass(frozen=True)
class Target:
    """Of Ashlar's figure: its median, or with `to` the median of its ratios to another figure. That is of an allocator,
    of the least of all others (BEST), or of another workload."""

    figure: str
    at_most: float = None
    at_least: float = None
    to: str = None


BEST = "the best"


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    words: str  # the program and its arguments
    quick: str  # arguments that take a moment
    seconds: float = None  # of a run that is bounded by time
    own: dict = dataclasses.field(default_factory=dict)  # {name of a figure: regular expression with one group, or (that, divisor)}
    settings: str = ""  # ASHLAR_CONF
    probe: bool = False
    peers: bool = True  # whether other allocators than System run it: some end the process where they are refused memory
    targets: tuple = ()


def cost(most_time, most_rss, *more):
    """Targets of a workload that must come near the best, and not take more memory than today."""
    return (Target("wall", at_most=most_time, to=BEST), Target("rss", at_most=most_rss, to=TODAY), *more)


NOT_WORSE = (Target("cpu", at_most=1.03, to=TODAY), Target("rss", at_most=1.03, to=TODAY))
MANY_FAULTS = cost(1.15, 1.08, Target("faults", at_most=110_000))
IDLE = {"idle KiB": r"^at once = ([\d.]+)", "later KiB": r"^after idleness = ([\d.]+)", "trimmed KiB": r"^after malloc_trim = ([\d.]+)"}
PAIR = {"pair ns": r"^pair = ([\d.]+)"}
MALLOC = {"malloc ns": r"^malloc = ([\d.]+)"}
PAGE = 4  # KiB: what "nothing" may be

WORKLOADS = [
    Workload("thread_waves", "thread_waves 40 1 8", "1 1 2", targets=MANY_FAULTS),
    Workload("cross_frees", "cross_frees 16000000 8-16k 1 8", "20000 8-16k 1 2", targets=MANY_FAULTS),
    Workload("swapped_batches", "swapped_batches 120000000 64 1 10000 2", "20000 64 1 100 2",
             targets=cost(1.10, 1.0, Target("switches", at_most=100))),
    Workload("batches of 25", "batches 40000000 64 1 fifo 25", "20000 64 1 fifo 25", targets=cost(1.10, 1.0)),
    Workload("batches of 1600", "batches 40000000 64 1 fifo 1600", "20000 64 1 fifo 1600", targets=cost(1.10, 1.0)),
    Workload("large_batches", "large_batches 200000 1 32 2", "2000 1 4 2", targets=cost(1.10, 1.0)),
    Workload("idle_threads", "idle_threads 300 --seconds 0.2", "10 --seconds 0", own=IDLE, probe=True,
             targets=(Target("idle KiB", at_most=128), Target("trimmed KiB", at_most=PAGE))),
    Workload("idle_threads, background", "idle_threads 300 --seconds 2", "10 --seconds 0", own=IDLE, probe=True,
             settings="background:true", targets=(Target("later KiB", at_most=PAGE),)),
    Workload("idle_threads, 400 MiB", "idle_threads 300 --seconds 0 --limit 400", "10 --seconds 0 --limit 400", probe=True, peers=False,
             own={"largest MiB": r"^largest block = (\d+)"}, targets=(Target("largest MiB", at_least=0.97, to=SYSTEM),)),
    Workload("phases_of_sizes, fresh", "phases_of_sizes 20000000 1 fresh", "20000 1 fresh", own=PAIR),
    Workload("phases_of_sizes, after", "phases_of_sizes 20000000 1 after", "20000 1 after", own=PAIR,
             targets=(Target("pair ns", at_most=1.3, to="phases_of_sizes, fresh"),)),
    Workload("purge_pause", "purge_pause 1000 900 1", "8 5 1", probe=True,
             own={"p99.99 us": (r"^call p99\.99 = ([\d.]+)", 1000), "worst us": r"^Worst call = ([\d.]+)"},
             targets=(Target("p99.99 us", at_most=300),)),
    Workload("page_map_scan, 1 GiB", "page_map_scan 1024", "16", own=MALLOC, probe=True),
    Workload("page_map_scan, 8 GiB", "page_map_scan 8192", "16", own=MALLOC, probe=True),
    Workload("page_map_scan, 32 GiB", "page_map_scan 32768", "16", own=MALLOC, probe=True,
             targets=(Target("malloc ns", at_most=1000),)),
    Workload("production_sizes fleet", "production_sizes 4000000 fleet 1 2", "20000 fleet 1 2 1000"),
    Workload("production_sizes cache", "production_sizes 10000000 cache 1 2", "20000 cache 1 2 1000"),
    Workload("fragmentation", "fragmentation 1 --drain 0", "1 --scale 1 --drain 0",
             own={"RSS/live": r"^RSS / live = ([\d.]+)"},
             targets=(Target("RSS/live", at_most=1.03, to=TODAY), Target("RSS/live", at_most=1.0, to=SYSTEM))),
    Workload("random_mixed, 64 B", "random_mixed 20000000 64 1", "20000 64 1", targets=NOT_WORSE),
    Workload("random_mixed, 8 KiB", "random_mixed 10000000 8k 1", "20000 8k 1",
             targets=(*NOT_WORSE, Target("wall", at_most=1.0, to="tcmalloc"))),
    Workload("larson", "larson 1 8 1000 5000 100 1 2", "0.05 8 1000 100 10 1 2", seconds=1, targets=NOT_WORSE),
    Workload("long_run", "long_run 2 2 1 --slices 5", "0.1 2 1 --slices 5", seconds=2, targets=NOT_WORSE),
    Workload("drain", "drain 100 1k --seconds 1", "1 1k --seconds 0", own={"left MiB": (r"^RSS = (\d+)", 1024)},
             targets=NOT_WORSE),
    Workload("replace_large", "replace_large 100 5m-25m 1", "2 1m-2m 1", targets=NOT_WORSE),
    Workload("hand_over", "hand_over 2000000 16-16k 1", "20000 16-16k 1", targets=NOT_WORSE),
    Workload("successors", "successors 20 1 2", "1 1 2", targets=NOT_WORSE),
    Workload("short_threads", "short_threads 10000 16-1k 1 2", "100 16-1k 1 2"),
    Workload("producer_consumer", "producer_consumer 10000000 16-4k 1 1 1", "20000 16-4k 1 1 1"),
    Workload("grow_vectors", "grow_vectors 2000000 64-16k 1 2", "20000 64-16k 1 2"),
    Workload("mixed_lifetimes", "mixed_lifetimes 8000000 1 2 --live 100", "20000 1 2 --live 1"),
    Workload("strings_and_maps", "strings_and_maps 500000 1 2", "10000 1 2"),
]


def figures_of(run, workload):
    """{figure: value} of one run."""
    million = workload.seconds * run.throughput() / 1e6 if workload.seconds else 1
    figures = {"wall": run.seconds / million, "user": (run.cpu_seconds - run.system_seconds) / million,
               "system": run.system_seconds / million, "cpu": run.cpu_seconds / million, "faults": run.faults / million,
               "switches": run.voluntary_switches / million, "rss": run.peak_kib / 1024}
    for name, pattern in workload.own.items():
        pattern, divisor = pattern if isinstance(pattern, tuple) else (pattern, 1)
        figures[name] = run.number(pattern) / divisor
    return figures


def ratios(ours, theirs):
    """Round by round, where the other figure is not nothing."""
    return [one / other for one, other in zip(ours, theirs) if other > 0]


def ratio(ours, theirs):
    """The median ratio, or None if most rounds have none."""
    values = ratios(ours, theirs)
    return median(values) if 2 * len(values) > len(ours) else None


class Results:
    """{workload: {allocator: {figure: [value of each round]}}}, and what follows from them."""

    def __init__(self, figures):
        self.figures = figures

    def add(self, workload, allocator, figures):
        kept = self.figures.setdefault(workload, {}).setdefault(allocator, {})
        for name, value in figures.items():
            kept.setdefault(name, []).append(value)

    def reference(self, workload, target):
        """(whose, values) that the figure of a target is compared with, or None if nobody ran it."""
        mine = self.figures[workload]
        if target.to == BEST:
            others = [name for name in mine if name not in (ASHLAR, AGAIN, TODAY)]
            name = min(others, key=lambda each: median(mine[each][target.figure]), default=None)
            return name and (name, mine[name][target.figure])
        if target.to in mine:
            return target.to, mine[target.to][target.figure]
        if target.to in self.figures:
            return target.to, self.figures[target.to][ASHLAR][target.figure]
        return None

    def judge(self, workload, target, verdicts):
        values, bound = self.figures[workload][ASHLAR][target.figure], ""
        if target.to:
            reference = self.reference(workload, target)
            if reference is None:
                return
            values = ratios(values, reference[1])
            bound = f", ratio to {reference[0]}{' (the best)' if target.to == BEST else ''}"
        if not values:
            return
        low, high = interval(values)
        middle = median(values)
        passed = middle <= target.at_most if target.at_most is not None else middle >= target.at_least
        wanted = f"at most {target.at_most}" if target.at_most is not None else f"at least {target.at_least}"
        verdicts.say(f"{workload}, {target.figure}{bound}", f"{middle:.4g}", wanted, passed, f"{low:.4g} to {high:.4g}")

    def mean(self, allocator, figure, reference):
        """(geometric mean of the workloads' ratios, how many)."""
        probes = {each.name for each in WORKLOADS if each.probe}
        found = [ratio(each[allocator][figure], each[reference][figure]) for name, each in self.figures.items()
                 if name not in probes and allocator in each and reference in each]
        found = [each for each in found if each]
        return (statistics.geometric_mean(found), len(found)) if found else (None, 0)


def decimals(figure):
    return DECIMALS.get(figure, 1 if figure != "RSS/live" else 3)


def ratio_cell(ours, theirs):
    values = ratios(ours, theirs)
    if not values:
        return "-"
    middle, low, high = (f"{each:.2f}" if each < 100 else f"{each:.0f}" for each in (median(values), *interval(values)))
    return f"{middle} [{low} {high}]"


def say_workload(workload, figures):
    """The medians, and below them the ratios with their intervals."""
    columns = {**COLUMNS, **{name: name for name in workload.own}}
    per = ", by a million operations" if workload.seconds else ""
    settings = f", ASHLAR_CONF={workload.settings}" if workload.settings else ""
    print(f"\n{workload.name}: {workload.words}{settings}{per}")
    print(f"  {'':14}" + "".join(f"{title:>20}" for title in columns.values()))
    for allocator, each in figures.items():
        print(f"  {allocator:14}" + "".join(f"{median(each[name]):20.{decimals(name)}f}" for name in columns))
    for reference in (SYSTEM, TODAY):
        compared = [name for name in figures if reference in figures and name != reference]
        if reference == TODAY:
            compared = [name for name in compared if name == ASHLAR]
        if compared:
            print(f"  by {reference}")
        for allocator in compared:
            cells = [ratio_cell(figures[allocator][name], figures[reference][name]) for name in columns]
            print(f"  {allocator:14}" + "".join(f"{cell:>20}" for cell in cells))
    sys.stdout.flush()


def say_means(results, verdicts):
    allocators = list(dict.fromkeys(name for each in results.figures.values() for name in each))
    for reference in (SYSTEM, TODAY):
        if reference not in allocators:
            continue
        print(f"\ngeometric means, by {reference}\n  {'':14}{'wall':>8}{'CPU':>8}{'RSS':>8}  workloads")
        for allocator in allocators:
            means = [results.mean(allocator, figure, reference) for figure in ("wall", "cpu", "rss")]
            if allocator != reference and all(mean for mean, _ in means):
                print(f"  {allocator:14}" + "".join(f"{mean:8.3f}" for mean, _ in means) + f"  {means[0][1]}")
    for figure, most in (("wall", 0.92), ("rss", 1.02)):
        mean, _ = results.mean(ASHLAR, figure, TODAY)
        if mean:
            verdicts.at_most(f"all workloads, {figure}, geometric mean of the ratios to today", mean, most)


def say_targets(results):
    verdicts = Verdicts()
    print()
    for workload in WORKLOADS:
        if workload.name in results.figures:
            for target in workload.targets:
                results.judge(workload.name, target, verdicts)
    say_means(results, verdicts)
    return verdicts.status()


def say_markdown(results):
    """One row for each workload: Ashlar's figures, and their ratios to System and to whoever took the least time."""
    header = ["workload", *COLUMNS.values(), "own figures", "wall by System", "RSS by System", "wall by the best"]
    rows = []
    for workload in WORKLOADS:
        each = results.figures.get(workload.name)
        if not each:
            continue
        ours = each[ASHLAR]
        name, best = results.reference(workload.name, Target("wall", to=BEST))
        own = ", ".join(f"{name} {median(ours[name]):.{decimals(name)}f}" for name in workload.own)
        shares = [ratio(ours["wall"], each[SYSTEM]["wall"]), ratio(ours["rss"], each[SYSTEM]["rss"]), ratio(ours["wall"], best)]
        cells = [f"{share:.2f}" if share else "-" for share in shares]
        rows.append([workload.name, *(f"{median(ours[column]):.{decimals(column)}f}" for column in COLUMNS), own, *cells[:2],
                     f"{cells[2]} {name}"])
    for row in [header, ["---"] * len(header), *rows]:
        print("| " + " | ".join(row) + " |")


class Measurement:
    def __init__(self, options):
        self.options = options
        self.generator = random.Random(1)
        self.libraries = {SYSTEM: None, AGAIN: None}
        if options.today:
            self.libraries[TODAY] = checked(options.today)
        self.libraries[ASHLAR] = ashlar(options)
        self.libraries.update(peers())

    def run(self, workload, results):
        name, *usual = workload.words.split()
        command = [program(self.options.tree, name), *(workload.quick.split() if self.options.quick else usual)]
        allocators = [each for each in self.libraries if workload.peers or each in (SYSTEM, AGAIN, TODAY, ASHLAR)]
        more = {"ASHLAR_CONF": workload.settings} if workload.settings else {}
        results.figures[workload.name] = {each: {} for each in allocators}
        for number in range(self.options.rounds):
            for allocator in shuffled(allocators, self.generator):
                progress(f"{workload.name}: round {number + 1} of {self.options.rounds}, {allocator}")
                run = Run(command, environment(self.libraries[allocator], **more))
                results.add(workload.name, allocator, figures_of(run, workload))
        progress("")


def write(path, results, libraries, options):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, "rounds": options.rounds, "libraries": libraries, "figures": results.figures}, file, indent=1)
        file.write("\n")


def read(paths):
    """Of several files: each workload as the last one has it."""
    results = Results({})
    for path in paths:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        if content.get("format") != FORMAT:
            sys.exit(f"{path} is no result of this command")
        results.figures.update(content["figures"])
    return results


def chosen(names):
    """The workloads with one of these names, or whose program has one of them; all if there are none."""
    wanted = [each for each in WORKLOADS if not names or each.name in names or each.words.split()[0] in names]
    known = {name for each in wanted for name in (each.name, each.words.split()[0])}
    if unknown := set(names) - known:
        sys.exit(f"no workload is called {', '.join(sorted(unknown))}; there are {'; '.join(each.name for each in WORKLOADS)}")
    return wanted


def main():
    parser = argument_parser(__doc__, rounds=(5, "rounds"))
    parser.add_argument("--today", metavar="LIBRARY", help="another build of Ashlar, to compare with")
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="a workload or a program; may be repeated")
    parser.add_argument("--quick", action="store_true", help="one round of tiny sizes: whether all works; no targets")
    parser.add_argument("--json", metavar="FILE", help="write every value of every round")
    parser.add_argument("--from", metavar="FILE", action="append", default=[], dest="files",
                        help="measure nothing, report what --json wrote; may be repeated")
    parser.add_argument("--markdown", action="store_true", help="with --from: print the table of docs/economy.md, nothing else")
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    if options.rounds < 1:
        parser.error("--rounds: at least 1")
    workloads = chosen(options.only)
    if options.files:
        results = read(options.files)
        if options.markdown:
            say_markdown(results)
            return 0
        for workload in workloads:
            if workload.name in results.figures:
                say_workload(workload, results.figures[workload.name])
        return say_targets(results)
    measurement, results = Measurement(options), Results({})
    for workload in workloads:
        measurement.run(workload, results)
        say_workload(workload, results.figures[workload.name])
    if options.json:
        write(options.json, results, measurement.libraries, options)
    return 0 if options.quick else say_targets(results)


if __name__ == "__main__":
    sys.exit(main())
