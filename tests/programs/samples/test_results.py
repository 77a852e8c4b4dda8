# SPDX-License-Identifier: MIT
"""Prints the tests of a JUnit file, one a line with its result."""
import sys
import xml.etree.ElementTree

lines = []
for case in xml.etree.ElementTree.parse(sys.argv[1]).iter("testcase"):
    result = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed")
    lines.append(f"{case.get('classname') or ''} {case.get('name')} {case.get('result') or ''} {result}")
print("\n".join(sorted(lines)))
