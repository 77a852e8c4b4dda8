# SPDX-License-Identifier: MIT
"""The notes of the probes that core/os/probe.h lists, as tracers read them: all are there, with their numbers of
arguments, and their places are instructions that do nothing.

usage: probes.py LIBRARY..."""
import re
import subprocess
import sys

from sources import report

ARGUMENTS = {"refill": 2, "flush": 2, "purge": 2, "grow": 2, "fallback": 1}
NOTE = re.compile(r"Provider: (\w+)\s+Name: (\w+)\s+Location: 0x([0-9a-f]+),.*\n\s+Arguments: (.*)")


def violations(notes, is_nop):
    """Of what `readelf -n` prints; `is_nop` tells of an address whether nothing is done there."""
    found = []
    seen = set()
    for provider, name, location, arguments in NOTE.findall(notes):
        if provider != "ashlar":
            continue
        seen.add(name)
        if name not in ARGUMENTS:
            found.append(f"{name}: not in the list")
        elif len(arguments.split()) != ARGUMENTS[name]:
            found.append(f"{name}: has the arguments {arguments}")
        if not is_nop(int(location, 16)):
            found.append(f"{name}: something is done at 0x{location}")
    return found + [f"{name}: missing" for name in sorted(set(ARGUMENTS) - seen)]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def is_nop_in(library):
    def is_nop(address):
        listing = output("objdump", "-d", f"--start-address={address}", f"--stop-address={address + 4}", library)
        return re.search(rf"^\s*{address:x}:.*\tnop", listing, re.MULTILINE) is not None
    return is_nop


if __name__ == "__main__":
    complaints = []
    for path in sys.argv[1:]:
        complaints += [f"{path}: {each}" for each in violations(output("readelf", "-n", "-W", path), is_nop_in(path))]
    sys.exit(report(complaints, "probes"))
