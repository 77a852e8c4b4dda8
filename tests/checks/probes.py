# SPDX-License-Identifier: MIT
"""Checks the notes of the probes that core/os/probe.h and core/os/memory_probes.h list, as tracers read them. Every
probe exists with its number of arguments, at an instruction that does nothing. OpenTelemetry's probes have
semaphores, and their arguments are in the registers of function arguments.

usage: probes.py LIBRARY..."""
import os
import re
import subprocess
import sys

from sources import report

ARGUMENTS = {"refill": 2, "flush": 2, "purge": 2, "grow": 2, "fallback": 1}
MEMORY = {"x86_64": {"alloc": "8@%rdi 8@%rsi 8@%rdx", "free": "8@%rdi"},
          "aarch64": {"alloc": "8@x0 8@x1 8@x2", "free": "8@x0"}}
NOTE = re.compile(r"Provider: (\w+)\s+Name: (\w+)\s+Location: 0x([0-9a-f]+),.*Semaphore: 0x([0-9a-f]+)\n\s+Arguments: (.*)")


def violations(notes, is_nop):
    """Returns complaints about the output of `readelf -n`. `is_nop` says whether the instruction at an address does
    nothing."""
    found = []
    seen = set()
    for provider, name, location, _, arguments in NOTE.findall(notes):
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


def violations_of_memory(notes, is_nop, machine=os.uname().machine):
    """Returns complaints about OpenTelemetry's probes."""
    found = []
    expected = MEMORY.get(machine, {})
    seen = {name: (int(location, 16), int(semaphore, 16), arguments.strip())
            for provider, name, location, semaphore, arguments in NOTE.findall(notes) if provider == "otel_memory"}
    for name, arguments in expected.items():
        if name not in seen:
            found.append(f"otel_memory:{name}: missing")
            continue
        location, semaphore, there = seen[name]
        if there != arguments:
            found.append(f"otel_memory:{name}: has the arguments {there}")
        if semaphore == 0:
            found.append(f"otel_memory:{name}: has no semaphore")
        if not is_nop(location):
            found.append(f"otel_memory:{name}: something is done at {location:#x}")
    return found + [f"otel_memory:{name}: not in the contract" for name in sorted(set(seen) - set(expected)) if expected]


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
        text = output("readelf", "-n", "-W", path)
        complaints += [f"{path}: {each}" for each in
                       violations(text, is_nop_in(path)) + violations_of_memory(text, is_nop_in(path))]
    sys.exit(report(complaints, "probes"))
