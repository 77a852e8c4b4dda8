# SPDX-License-Identifier: MIT
"""Checks the layers of core/ and tools/. Each folder may include itself and the layers before it, not those beside
it. Inside a folder a header and its source count as one part, and parts must not include each other in a circle. A
source outside all layers' folders is above them all.

usage: include_direction.py ROOT"""
import os
import re
import sys

from sources import files_below, read, report, without_comments

CORE = [["os"], ["layout"], ["slab"], ["cache"], ["heap"], ["guard"], ["observe"], ["entry", "locks"]]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def part(path):
    return os.path.splitext(path)[0]


def find_circle(edges):
    """Returns one circle of parts as a list, or None."""
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


def tools_layers(root):
    """Returns the layers listed in tools/CMakeLists.txt, lowest first. Those on one line are beside each other."""
    listed = re.findall(r"^#   ([a-z]+(?:, [a-z]+)*)  ", read(root, "tools/CMakeLists.txt"), re.M)
    return [line.split(", ") for line in listed]


def violations(root, top, layers):
    found, edges = [], {}
    heights = {name: height for height, names in enumerate(layers) for name in names}
    files = [path for path in files_below(root, top, (".h", ".cc")) if not path.startswith("core/include/")]
    if not files or not heights:
        return [f"{top}/ has no sources or no layers to look at"]
    for path in files:
        layer = path.split("/")[1] if path.count("/") > 1 else None
        if layer is not None and layer not in heights:
            found.append(f"{path}: {layer} is no layer")
            continue
        text = without_comments(read(root, path))
        for match in INCLUDE.finditer(text):
            kind, name = match.groups()
            where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
            folder = name.split("/")[0]
            if kind == "<":
                if folder in heights and "/" in name:
                    found.append(f"{where}: <{name}> must be in quotes")
                continue
            if folder not in heights or not os.path.exists(os.path.join(root, top, name)):
                found.append(f'{where}: "{name}" is not named by its place in {top}/')
            elif layer is None:
                continue
            elif folder == layer:
                if part(f"{top}/{name}") != part(path):
                    edges.setdefault(part(path), set()).add(part(f"{top}/{name}"))
            elif heights[folder] == heights[layer]:
                found.append(f'{where}: {layer} includes "{name}", a layer beside it')
            elif heights[folder] > heights[layer]:
                found.append(f'{where}: {layer} includes "{name}", a layer above it')
    circle = find_circle(edges)
    if circle:
        found.append("includes go in a circle: " + " -> ".join(circle))
    return found


if __name__ == "__main__":
    ROOT = sys.argv[1]
    sys.exit(report(violations(ROOT, "core", CORE) + violations(ROOT, "tools", tools_layers(ROOT)), "include direction"))
