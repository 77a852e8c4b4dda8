# SPDX-License-Identifier: MIT
"""Every tracked source file names its licence in its first lines.

usage: licence_headers.py ROOT"""
import os
import sys

from sources import report, tracked_files

HEADER = "SPDX-License-Identifier: MIT"
ENDINGS = (".h", ".c", ".cc", ".py", ".sh", ".pl", ".js", ".go", ".rs", ".rb", ".lua", ".java", ".cmake", ".cmake.in", ".map", ".sql")


def is_source(path, start):
    name = os.path.basename(path)
    return name == "CMakeLists.txt" or name.endswith(ENDINGS) or start.startswith(b"#!")


def violations(root, paths):
    found = []
    for path in paths:
        with open(os.path.join(root, path), "rb") as file:
            start = file.read(600)
        if is_source(path, start) and HEADER.encode() not in b"\n".join(start.split(b"\n")[:5]):
            found.append(f"{path}: no '{HEADER}' in its first five lines")
    return found


if __name__ == "__main__":
    files = tracked_files(sys.argv[1])
    sys.exit(report(violations(sys.argv[1], files), f"licence headers of {len(files)} files"))
