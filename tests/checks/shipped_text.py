# SPDX-License-Identifier: MIT
"""Checks that the release library has no text for its developers: no assertions (those of locks have their own
words), source names or paths.

usage: shipped_text.py LIBRARY"""
import re
import subprocess
import sys

from sources import report

DEBUG_TEXT = re.compile(r"assert|out of order|under the lock|\w{2,}\.(?:cc|cpp|hpp|h)\b|ashlar::|(?:^|[^\w])/(?:home|root|tmp|build)/|__PRETTY", re.I)


def violations(lines):
    return [line for line in lines if DEBUG_TEXT.search(line)]


if __name__ == "__main__":
    # -d: only sections loaded into the process, without the symbol table.
    text = subprocess.run(["strings", "-d", sys.argv[1]], check=True, capture_output=True, text=True).stdout
    if "ashlar_version" not in text:
        print(f"{sys.argv[1]} does not look like the library")
        sys.exit(1)
    sys.exit(report(violations(text.splitlines()), "debug text"))
