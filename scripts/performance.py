# SPDX-License-Identifier: MIT
"""Fills the tables of docs/performance.md from results, so that no figure is typed by hand.

usage: scripts/performance.py [--bench FILE] [--strategies] [--languages FILE] [--programs FILE] [--check]

  --bench FILE       a result of `ashlar bench --json FILE`
  --languages FILE   a result of `ashlar bench languages --json FILE`
  --programs FILE    a result of `ashlar bench programs --json FILE`
  --strategies       run scripts/measure/strategies.sh
  --check            change nothing; status 1 if a table does not name its command

The table of exact counts is always from bench/alarm/reference.json. The status is 2 if a result cannot be read."""
import argparse
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs/performance.md")
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def fail(sentence):
    print(f"performance: {sentence}", file=sys.stderr)
    sys.exit(2)


def counts():
    with open(os.path.join(ROOT, "bench/alarm/reference.json"), encoding="utf-8") as file:
        reference = json.load(file)["reference"]
    lines = ["| benchmark | instructions an operation | refills | flushes | purges | system calls |",
             "| --- | --- | --- | --- | --- | --- |"]
    for name, figures in reference["figures"].items():
        if "instructions an operation" in figures:
            calls = sum(value for figure, value in figures.items() if figure.startswith("calls of "))
            lines.append(f"| {name} | {figures['instructions an operation']:.1f} | {figures['refills']:.0f} | "
                         f"{figures['flushes']:.0f} | {figures['purges']:.0f} | {calls:.0f} |")
    lines.append(f"\nOf commit {reference['commit'][:12]}, by {reference['compiler']}: `ashlar alarm --update`.")
    return "\n".join(lines) + "\n"


def tables_of(path):
    """Returns {heading: table} of a result, as `ashlar report` prints it."""
    command = [os.path.join(ROOT, "build/release/bin/ashlar"), "report", path]
    report = subprocess.run(command, capture_output=True, text=True, check=False)
    if report.returncode != 0:
        fail(report.stderr.strip())
    tables = {}
    for section in report.stdout.split("\n## ")[1:]:
        table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
        if table:
            tables[section.partition("\n")[0]] = table.group(0)
    if not tables:
        fail(f"{' '.join(command)} printed no table")
    return tables


def made_by(path):
    """Returns the command that measured a result, with its date and rounds. Every table must have this line."""
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    if not content["complete"]:
        fail(f"{path} is of an interrupted run; go on with --resume")
    words = ["ashlar", *content["command_line"][1:]]
    if "--json" in words:
        words[words.index("--json") + 1] = "result.json"
    return f"\nBy `{' '.join(words)}` on {content['started'][:10]}, {content['rounds']} rounds.\n"


def result(path):
    """Returns the summary and the table of speed."""
    return "\n".join(list(tables_of(path).values())[:2]) + made_by(path)


def chosen(path, headings):
    """Returns (heading, table) for each table whose heading begins with one of `headings`."""
    tables = tables_of(path)
    found = [(heading, tables[heading]) for start in headings for heading in tables if heading.startswith(start)]
    if len(found) != len(headings):
        fail(f"{path} has no table of each: {', '.join(headings)}")
    return found


def cells(row):
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def languages(path):
    """Returns a row for each language: the means over its tasks, of CPU time and of peak RSS."""
    means, columns = {}, []
    for words, (_, table) in zip(("CPU time", "peak RSS"), chosen(path, ("The program's own figure", "Peak RSS"))):
        rows = [cells(row) for row in table.splitlines()]
        columns += [f"{name}, {words}" for name in rows[0][2:-1]]
        for row in rows[2:]:
            name, comma, what = row[0].rpartition(", ")
            if comma and what == "geometric mean":
                means.setdefault(name, []).extend(row[2:-1])
    lines = ["| language | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    lines += ["| " + " | ".join([name, *values]) + " |" for name, values in means.items()]
    return "\n".join(lines) + "\n\nRatios to System, geometric means over four tasks; below 1 is better.\n" + made_by(path)


def programs(path):
    """Returns the whole tables, which have few rows."""
    found = chosen(path, ("Wall time", "CPU time", "Peak RSS"))
    return "\n".join(f"{heading}:\n\n{table}" for heading, table in found) + made_by(path)


def strategies():
    command = [os.path.join(ROOT, "scripts/measure/strategies.sh"), "--markdown"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout + \
        "\nBy `scripts/measure/strategies.sh --markdown`.\n"


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("bench", "languages", "programs"):
        parser.add_argument("--" + name, metavar="FILE")
    parser.add_argument("--strategies", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    page = text_of(PAGE)
    if options.check:
        typed = [block[1] for block in BLOCK.findall(page) if "`" not in block[2]]
        for name in typed:
            print(f"performance: the table {name} does not say which command made it")
        return 1 if typed else 0
    new = {"counts": counts()}
    for name, made in (("bench", result), ("languages", languages), ("programs", programs)):
        if getattr(options, name):
            new[name] = made(getattr(options, name))
    if options.strategies:
        new["strategies"] = strategies()
    page = BLOCK.sub(lambda match: match[1] + new.get(match[2], match[3]) + match[4], page)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
