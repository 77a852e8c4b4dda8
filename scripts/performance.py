# SPDX-License-Identifier: MIT
"""Fills the tables of docs/performance.md from results, so that none is typed.

usage: scripts/performance.py [--bench FILE] [--strategies] [--languages FILE] [--programs FILE] [--check]

  --bench FILE       a result of `ashlar bench --json FILE`
  --languages FILE   of `ashlar bench languages --json FILE`
  --programs FILE    of `ashlar bench programs --json FILE`
  --strategies       runs scripts/measure/strategies.sh
  --check            changes nothing; status 1 if a table's command is not named in it

The table of exact counts comes from bench/alarm/reference.json each time. Status 2 for a result that cannot be read."""
import argparse
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs/performance.md")
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


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


def result(path, command_line):
    """The first two tables of what `ashlar report` makes of a result: the summary, and speed."""
    command = [os.path.join(ROOT, "build/release/bin/ashlar"), "report", path]
    report = subprocess.run(command, capture_output=True, text=True, check=False)
    if report.returncode != 0:
        sys.exit(f"performance: {report.stderr.strip()}")
    tables = re.findall(r"(?:^\|.*\n)+", report.stdout, re.MULTILINE)
    if not tables:
        sys.exit(f"performance: {' '.join(command)} printed no table")
    return "\n".join(tables[:2]) + f"\nBy `{command_line} --json result.json && ashlar report result.json`.\n"


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
    for name, command_line in (("bench", "ashlar bench"), ("languages", "ashlar bench languages --quick"),
                               ("programs", "ashlar bench programs --quick")):
        if getattr(options, name):
            new[name] = result(getattr(options, name), command_line)
    if options.strategies:
        new["strategies"] = strategies()
    page = BLOCK.sub(lambda match: match[1] + new.get(match[2], match[3]) + match[4], page)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
