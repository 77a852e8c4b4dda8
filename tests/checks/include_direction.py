# SPDX-License-Identifier: MIT
"""The folders of core/ are layers: each may include itself and those before it in LAYERS. Inside a folder a header
and its source count as one part, and parts must not include each other in a circle.

usage: include_direction.py ROOT"""
import os
import re
import sys

from sources import files_below, read, report, without_comments

LAYERS = ["os", "layout", "slab", "cache", "heap", "guard", "observe", "entry"]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def part(path):
    return os.path.splitext(path)[0]


def find_circle(edges):
    """One circle of parts as a list, or None."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        for other in sorted(edges.get(node, ())):
            circle = visit(other)
            if circle:
                return circle
        path.pop()
        done.add(node)
        return None

    for node in sorted(edges):
        circle = visit(node)
        if circle:
            return circle
    return None


def violations(root):
    found, edges = [], {}
    files = [path for path in files_below(root, "core", (".h", ".cc")) if not path.startswith("core/include/")]
    if not files:
        return ["core/ has no sources to look at"]
    for path in files:
        layer = path.split("/")[1]
        if layer not in LAYERS:
            found.append(f"{path}: {layer} is no layer")
            continue
        text = without_comments(read(root, path))
        for match in INCLUDE.finditer(text):
            kind, name = match.groups()
            where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
            folder = name.split("/")[0]
            if kind == "<":
                if folder in LAYERS and "/" in name:
                    found.append(f"{where}: <{name}> must be in quotes")
                continue
            if folder not in LAYERS or not os.path.exists(os.path.join(root, "core", name)):
                found.append(f'{where}: "{name}" is not named by its place in core/')
            elif LAYERS.index(folder) > LAYERS.index(layer):
                found.append(f'{where}: {layer} includes "{name}", a layer above it')
            elif folder == layer and part("core/" + name) != part(path):
                edges.setdefault(part(path), set()).add(part("core/" + name))
    circle = find_circle(edges)
    if circle:
        found.append("includes go in a circle: " + " -> ".join(circle))
    return found


if __name__ == "__main__":
    sys.exit(report(violations(sys.argv[1]), "include direction"))
