# SPDX-License-Identifier: MIT
"""Checks the documents. Each link leads to an existing file and heading. The pages that promise to list the code's
settings and the findings of `ashlar doctor` list all of them.

usage: documents.py ROOT"""
import os
import re
import sys

from sources import read, report, tracked_files

# Files that define names, and the pages that must have each name as `name` or as `name:value`.
PROMISED = (
    ("core/os/config.cc", r'Key\{"([a-z_]+)"', ("docs/configuration.md", "docs/tuning.md")),
    ("tools/diagnose/explain.cc", r'(?:Finding\{|return \{|\{\{?|findings = \{\{)\s*"([a-z ]+)",\s', ("docs/troubleshooting.md",)),
    ("tools/observe/machine_advice.cc", r'add\("([A-Za-z ]+)"', ("docs/troubleshooting.md",)),
)
FENCED = re.compile(r"^( *)(```|~~~).*?^\1\2[ \t]*$", re.M | re.S)
INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?:(?: {4}|\t).*\n+)+", re.M)
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")


def blank(match):
    return re.sub(r"[^\n]", "", match[0])


def without_code(text):
    return INDENTED.sub(blank, FENCED.sub(blank, text))


def anchor(heading):
    """Returns GitHub's anchor of a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(text):
    return {anchor(heading) for heading in re.findall(r"^#+ +(.*)$", without_code(text), re.M)}


def broken_links(root, path):
    text = read(root, path)
    found = []
    shown = re.sub(r"`[^`\n]*`", blank, without_code(text))
    for match in LINK.finditer(shown):
        target, _, heading = match[1].partition("#")
        if ":" in target:
            continue
        where = f"{path}:{shown.count(chr(10), 0, match.start()) + 1}"
        place = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
        if not os.path.exists(os.path.join(root, place)):
            found.append(f"{where}: there is no {place}")
        elif heading and place.endswith(".md") and heading not in anchors(read(root, place)):
            found.append(f"{where}: {place} has no heading #{heading}")
    return found


def unnamed(root, promised=PROMISED):
    found = []
    for source, pattern, pages in promised:
        names = sorted(set(re.findall(pattern, read(root, source))))
        if not names:
            found.append(f"{source} has no names of the form {pattern}")
        for page in pages:
            text = read(root, page)
            found += [f"{page}: `{name}` is missing, which {source} has" for name in names
                      if not re.search(rf"`{re.escape(name)}[`:]", text)]
    return found


def violations(root, paths):
    found = []
    for path in sorted(paths):
        found += broken_links(root, path)
    return found


if __name__ == "__main__":
    ROOT = sys.argv[1]
    PATHS = [path for path in tracked_files(ROOT) if path.endswith(".md")]
    sys.exit(report(violations(ROOT, PATHS) + unnamed(ROOT), "documents"))
