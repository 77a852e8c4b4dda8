# SPDX-License-Identifier: MIT
"""Checks that the core does not use stdio or iostreams. They allocate, lock, and may be uninitialised when malloc is
called.

usage: no_stdio.py ROOT"""
import re
import sys

from sources import files_below, read, report, without_comments

FORBIDDEN = re.compile(
    r"#[ \t]*include[ \t]*<(?:cstdio|stdio\.h|iostream|ostream|istream|fstream|sstream|syncstream|format|print)>"
    r"|\b(?:v?(?:f|d|s|sn|as)?printf|f?puts|f?putc|putchar|fwrite|fopen|fdopen|fflush|perror)[ \t]*\("
    r"|\bstd::(?:cerr|cout|clog)\b")

# malloc_info takes a FILE* by definition.
ALLOWED = {"core/entry/glibc.cc": ("#include <cstdio>", "fwrite(")}


def violations(root):
    found = []
    files = files_below(root, "core", (".h", ".cc"))
    if not files:
        return ["core/ has no sources to look at"]
    for path in files:
        text = without_comments(read(root, path))
        for match in FORBIDDEN.finditer(text):
            if match.group(0) in ALLOWED.get(path, ()):
                continue
            found.append(f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match.group(0)}")
    return found


if __name__ == "__main__":
    sys.exit(report(violations(sys.argv[1]), "stdio in core/"))
