# SPDX-License-Identifier: MIT
"""What comes of wrong uses of the heap under each allocator of this machine, and under Ashlar.

The program `misuse_inputs` (tests/contract/misuse) does one wrong thing in a child of its own. It does each of its kinds with
blocks of 8 sizes from 16 B to 4 MiB. It does so in the thread that owns the block, in another one or when the owner has
ended. It does so at once, after a thousand operations or when the memory is in use again, with as many seeds as --seeds
says. Then it goes on with a thousand operations of ordinary work on blocks whose contents it checks, releases
everything and ends. What came of it:

  reported   the allocator said something, in the very call or later; a later report may come after blocks suffered
  crashed    a signal ended the program without a word, in the very call or later
  corrupted  nobody said anything, and blocks of the program were damaged or handed out twice
  harmless   nothing else happened
  hung       it did not end within --limit seconds

Every figure is a count with the number of inputs behind it. --markdown writes a page, or what stands between the lines
<!-- misuse: begin --> and <!-- misuse: end --> if the file has them; --json writes all counts."""
import collections
import concurrent.futures
import json
import os
import platform
import re
import subprocess
import sys
import time

from measuring import argument_parser, ashlar, environment, loaded, peers, program, progress

RESULTS = ("reported", "crashed", "corrupted", "harmless", "hung", "broken")
PARTS = 8  # of an allocator's inputs, each a process that forks a child per input
BEGIN, END = "<!-- misuse: begin -->", "<!-- misuse: end -->"

Kind = collections.namedtuple("Kind", "family name description")
Line = collections.namedtuple("Line", "kind size thread when seed result moment damaged message")


class Count:
    """What came of the inputs of one kind under one allocator."""

    def __init__(self):
        self.inputs = self.at_call = self.after_damage = self.crashed_at_call = 0
        self.of = collections.Counter()
        self.messages = collections.Counter()

    def add(self, line):
        if line.result == "skipped":
            return
        self.inputs += 1
        self.of[line.result] += 1
        if line.result == "reported":
            self.at_call += line.moment == "call"
            self.after_damage += line.damaged == "1"
            self.messages[without_numbers(line.message)] += 1
        self.crashed_at_call += line.result == "crashed" and line.moment == "call"

    def merge(self, other):
        for name in ("inputs", "at_call", "after_damage", "crashed_at_call"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.of += other.of
        self.messages += other.messages
        return self

    def parts(self):
        """What happened, as [(words, how often)], the best first."""
        before_damage = self.of["reported"] - self.at_call - self.after_damage
        parts = [("reported at once", self.at_call), ("reported later", before_damage), ("reported after damage", self.after_damage),
                 ("crashed at once", self.crashed_at_call), ("crashed later", self.of["crashed"] - self.crashed_at_call)]
        parts += [(name, self.of[name]) for name in RESULTS[2:]]
        return [(words, count) for words, count in parts if count]

    def text(self, separator):
        return separator.join(f"{words} {count}/{self.inputs}" for words, count in self.parts()) or "not possible"

    def as_json(self):
        return {"inputs": self.inputs, **{words: count for words, count in self.parts()},
                "messages": dict(self.messages.most_common(5))}


def without_numbers(message):
    """The same words for other addresses, threads and sizes."""
    return re.sub(r"0x[0-9a-fA-F]+|\d+", "#", message)


def hardened(options):
    library = os.path.join(options.tree, "lib/libashlar-hardened.so")
    return {"Ashlar hardened": os.path.realpath(library)} if os.path.exists(library) and loaded(library) else {}


def allocators(options):
    """{name: library}, those that --allocators names."""
    found = {"System": None, **peers(more=["scudo"]), "Ashlar": ashlar(options), **hardened(options)}
    if not options.allocators:
        return found
    wanted = options.allocators.split(",")
    unknown = [name for name in wanted if name not in found]
    if unknown:
        sys.exit(f"there is no {unknown[0]} here; there are: {', '.join(found)}")
    return {name: found[name] for name in wanted}


def kinds(command):
    lines = subprocess.run([command, "--list"], env=environment(), capture_output=True, text=True, check=True).stdout
    return [Kind(*line.split("\t")) for line in lines.splitlines()]


def run_part(command, library, options, part):
    """The lines of a part of all inputs under one allocator."""
    arguments = [command, "--all", "--seeds", str(options.seeds), "--first-seed", str(options.first_seed), "--parts", str(PARTS),
                 "--part", str(part), "--limit", str(options.limit), "--kinds", options.kinds]
    run = subprocess.run(arguments, env=environment(library), capture_output=True, text=True, errors="replace", check=False)
    if run.returncode != 0:
        sys.exit(f"{' '.join(arguments)} failed under {library}:\n{run.stdout[-500:]}{run.stderr}")
    return [Line(*line.split("\t")) for line in run.stdout.splitlines()]


def measure(command, libraries, options):
    """{allocator: {kind: Count}}"""
    counts = {name: collections.defaultdict(Count) for name in libraries}
    jobs = [(name, part) for part in range(PARTS) for name in libraries]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = {pool.submit(run_part, command, libraries[name], options, part): name for name, part in jobs}
        for done, future in enumerate(concurrent.futures.as_completed(running), 1):
            for line in future.result():
                counts[running[future]][line.kind].add(line)
            progress(f"{done} of {len(jobs)} parts")
    progress("")
    return counts


def chosen(every, options):
    wanted = options.kinds.split(",") if options.kinds else [kind.name for kind in every]
    unknown = [name for name in wanted if name not in {kind.name for kind in every}]
    if unknown:
        sys.exit(f"there is no kind {unknown[0]}; {options.tree}/bin/misuse_inputs --list prints them")
    return [kind for kind in every if kind.name in wanted]


def families(every):
    return list(dict.fromkeys(kind.family for kind in every))


def total(counts, every, family):
    result = Count()
    for kind in every:
        if kind.family == family:
            result.merge(counts[kind.name])
    return result


def print_table(counts, every):
    for family in families(every):
        print(f"\n{family}")
        for kind in every:
            if kind.family != family:
                continue
            print(f"  {kind.name}: {kind.description}")
            for name, of_kind in counts.items():
                print(f"    {name:16} {of_kind[kind.name].text(', ')}")


def markdown(counts, every, title):
    names = list(counts)
    lines = [title, "", "| | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
    lines += [f"| {family} | " + " | ".join(total(counts[name], every, family).text("<br>") for name in names) + " |"
              for family in families(every)]
    for family in families(every):
        lines += ["", f"**{family}**", "", "| | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
        lines += [f"| `{kind.name}`: {kind.description} | " +
                  " | ".join(counts[name][kind.name].text("<br>") for name in names) + " |"
                  for kind in every if kind.family == family]
    return "\n".join(lines) + "\n"


def write_markdown(path, text):
    """Into the place that the file marks, or as the file."""
    page = BEGIN + "\n" + END + "\n"
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            page = file.read()
    if BEGIN not in page or END not in page:
        sys.exit(f"{path} exists and has no lines {BEGIN} and {END}")
    head, tail = page.split(BEGIN)[0], page.split(END)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{head}{BEGIN}\n{text}{END}{tail}")


def main():
    parser = argument_parser(__doc__, seeds=(8, "seeds for each combination"), first_seed=(1, "the first of them"),
                             limit=(2, "seconds after which an input hangs"), jobs=(2, "processes at a time"))
    parser.add_argument("--kinds", default="", help="only these, separated by commas (default: all)")
    parser.add_argument("--allocators", default="", help="only these, separated by commas (default: all that are installed)")
    parser.add_argument("--json", help="write all counts to this file")
    parser.add_argument("--markdown", help="write the tables to this file, or into the place it marks")
    options = parser.parse_args()
    command = program(options.tree, "misuse_inputs")
    every = chosen(kinds(command), options)
    libraries = allocators(options)
    start = time.monotonic()
    counts = measure(command, libraries, options)
    inputs = sum(each.inputs for each in next(iter(counts.values())).values())
    title = (f"{inputs} inputs for each allocator, {len(every)} kinds, seeds {options.first_seed} to "
             f"{options.first_seed + options.seeds - 1}, on Linux {platform.release()}.")
    print_table(counts, every)
    print(f"\n{title} {time.monotonic() - start:.0f} s.")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"first_seed": options.first_seed, "seeds": options.seeds,
                       "kinds": {kind.name: {name: counts[name][kind.name].as_json() for name in counts} for kind in every}},
                      file, indent=1)
    if options.markdown:
        write_markdown(options.markdown, markdown(counts, every, title))
    broken = sum(each.of["broken"] for of_kind in counts.values() for each in of_kind.values())
    if broken:
        print(f"{broken} inputs ended before anything wrong was done: a fault of an allocator, or of the program")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
