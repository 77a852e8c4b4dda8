# SPDX-License-Identifier: MIT
"""Lists the files of the repository, and removes comments from C++."""
import os
import re
import subprocess
import sys

SKIPPED = 77


def tracked_files(root):
    """Returns paths relative to root. Skips the test without git, which supplies the list."""
    try:
        # safe.directory: another user than the tester may own the clone.
        listed = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"],
                                check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"skipped: no list of tracked files: {error}")
        sys.exit(SKIPPED)
    return [path for path in listed.split("\0") if path and os.path.exists(os.path.join(root, path))]


def files_below(root, folder, endings):
    """Returns paths relative to root of all files, tracked or new."""
    found = []
    for directory, _, names in os.walk(os.path.join(root, folder)):
        found += [os.path.relpath(os.path.join(directory, name), root) for name in names if name.endswith(endings)]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def without_comments(text):
    """Replaces comments by blanks, which keeps line numbers. Leaves strings unchanged."""
    def blank(match):
        token = match.group(0)
        return token if token[0] in "\"'" else re.sub(r"[^\n]", " ", token)
    return re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', blank, text, flags=re.S)


def report(violations, what):
    for violation in violations:
        print(violation)
    print(f"{what}: {len(violations)} violations")
    return 1 if violations else 0
