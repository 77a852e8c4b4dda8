# SPDX-License-Identifier: MIT
"""The documents: each link leads to a file and a heading that exist, no sentence has more than 25 words, and what the code has
(settings, findings of `ashlar doctor`) stands on the pages that promise to name all. Tables, code and headings have no
sentences. OLD names the documents whose sentences were not looked at yet.

usage: documents.py ROOT"""
import os
import re
import sys

from sources import read, report, tracked_files

MOST_WORDS = 25
OLD = {"CURRENT_TASK.md", "bench/README.md", "bench/languages/README.md", *(f"docs/{name}.md" for name in (
    "alarm", "benchmarks", "bisect", "comparing", "configuration", "criteria", "design", "economy", "fuzzing", "known_issues", "languages",
    "locks", "memory", "performance", "profiling", "results", "security", "statistics", "validation"))}
# Where names stand in the code, and which pages must have each of them as `name` or as `name:value`.
PROMISED = (
    ("core/os/config.cc", r'Key\{"([a-z_]+)"', ("docs/configuration.md", "docs/tuning.md")),
    ("tools/diagnose/explain.cc", r'(?:Finding\{|return \{|\{\{?|findings = \{\{)\s*"([a-z ]+)",\s', ("docs/troubleshooting.md",)),
)
FENCED = re.compile(r"^( *)(```|~~~).*?^\1\2[ \t]*$", re.M | re.S)
INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?:(?: {4}|\t).*\n+)+", re.M)
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
ITEM = re.compile(r"^ *(?:[*+-]|\d+\.) ")
END = re.compile(r"(?<=[.!?])[\"')*_`]*\s+(?=[\"'(*_`\[]*[A-Z0-9`])")


def blank(match):
    return re.sub(r"[^\n]", "", match[0])


def without_code(text):
    return INDENTED.sub(blank, FENCED.sub(blank, text))


def anchor(heading):
    """As GitHub makes it of a heading."""
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


def blocks(text):
    """Paragraphs and items of lists, each as (line, text)."""
    block, first = [], 0
    for number, line in enumerate([*without_code(text).splitlines(), ""], 1):
        apart = not line.strip() or line.lstrip().startswith(("|", "#", "<!--", "---", "!["))
        if block and (apart or ITEM.match(line)):
            yield first, " ".join(block)
            block = []
        if not apart:
            first = first if block else number
            block.append(ITEM.sub("", line).strip())


def long_sentences(path, text):
    found = []
    for line, block in blocks(text):
        plain = LINK.sub(lambda link: link[0][1:link[0].index("](")], re.sub(r"`[^`]*`", "Code", block))
        for sentence in END.split(plain):
            words = [word for word in sentence.split() if re.search(r"\w", word)]
            if len(words) > MOST_WORDS:
                found.append(f"{path}:{line}: {len(words)} words: {sentence[:70]}…")
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
        if path not in OLD:
            found += long_sentences(path, read(root, path))
    return found


if __name__ == "__main__":
    ROOT = sys.argv[1]
    PATHS = [path for path in tracked_files(ROOT) if path.endswith(".md")]
    sys.exit(report(violations(ROOT, PATHS) + unnamed(ROOT), "documents"))
