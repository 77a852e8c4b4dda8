# SPDX-License-Identifier: MIT
"""Checks that text of ashlar's sub-commands passes through machine::tell, which fits it to the terminal.

usage: told_text.py ROOT"""
import re
import sys

from sources import files_below, read, report, without_comments

FORBIDDEN = re.compile(r"\bfmt::print[ \t]*\(|\b(?:f?printf|f?puts)[ \t]*\(|\bstd::(?:cerr|clog)\b|\bstd::cout[ \t]*<<")
# Help has its own form, shells read words, and progress lines are overwritten.
ALLOWED = {"tools/commands/help.cc": 1, "tools/commands/words.cc": 1, "tools/commands/alarm.cc": 1}


def violations(root):
    files = files_below(root, "tools/commands", (".h", ".cc"))
    if not files:
        return ["tools/commands/ has no sources to look at"]
    found = []
    for path in [*files, "tools/ashlar.cc"]:
        text = without_comments(read(root, path))
        matches = list(FORBIDDEN.finditer(text))
        for match in matches[ALLOWED.get(path, 0):]:
            found.append(f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match.group(0)}")
    return found


if __name__ == "__main__":
    sys.exit(report(violations(sys.argv[1]), "text that is not told by machine::tell"))
