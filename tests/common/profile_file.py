# SPDX-License-Identifier: MIT
"""Writes files in the profiler's format (core/include/ashlar/profile_format.h), with records that a test chooses.
A perf map names the functions, as for code that is compiled at run time."""
import os
import struct
import time

from crc32c import crc32c

START = 1_000_000_000
HEADER_SIZE = 4096
FIRST_PID = 0x7f000000  # the system gives no process such a number
STACK, MAP, THREAD, ALLOCATE, FREE, COUNT_NAMES, COUNTS, PINNED, MARK = range(1, 10)
EXIT = 8


class ProfileFile:
    def __init__(self, rate=1, pid=None, program="/usr/bin/subject"):
        self.rate, self.program = rate, program
        self.pid = FIRST_PID + os.getpid() if pid is None else pid
        self.records, self.samples, self.allocated = b"", 0, 0
        self.functions, self.stacks = {}, {}

    def add(self, kind, payload):
        payload += b"\0" * (-len(payload) % 8)
        head = struct.pack("<IHH", 16 + len(payload), kind, 0)
        self.records += head + struct.pack("<II", crc32c(head + payload), 0) + payload

    def stack(self, *functions):
        """Returns the stack's number. `functions` begins with the outermost function."""
        if functions not in self.stacks:
            addresses = [self.functions.setdefault(name, 0x10000 + 0x100 * len(self.functions)) + 0x10
                         for name in reversed(functions)]
            self.stacks[functions] = len(self.stacks) + 1
            self.add(STACK, struct.pack(f"<II{len(addresses)}Q", len(self.stacks), len(addresses), *addresses))
        return self.stacks[functions]

    def thread(self, number, name):
        self.add(THREAD, struct.pack("<II16s", number, self.pid + number, name.encode()))

    def allocate(self, seconds, functions, size, blocks=1.0, thread=1):
        stack = self.stack(*functions)
        self.samples += 1
        self.allocated += int(size * blocks)
        self.add(ALLOCATE, struct.pack("<8QII", self.samples, START + int(seconds * 1e9), 16 * self.samples, size, size,
                                       int(size * blocks), int(1024 * blocks), self.allocated, stack, thread))
        return self.samples

    def free(self, seconds, sample):
        self.add(FREE, struct.pack("<3QII", sample, START + int(seconds * 1e9), self.allocated, 1, 0))

    def pinned(self, sample, count, age):
        self.add(PINNED, struct.pack("<3Q", sample, count, int(age * 1e9)))

    def mark(self, seconds, reason=EXIT):
        self.add(MARK, struct.pack("<QIIQQ", START + int(seconds * 1e9), reason, 0, 0, self.allocated))

    def counts(self, names, rows):
        """Adds rows (seconds, values) of the ledger."""
        text = b"".join(name.encode() + b"\0" for name in names)
        self.add(COUNT_NAMES, struct.pack("<II", len(names), len(text)) + text)
        for seconds, values in rows:
            self.add(COUNTS, struct.pack(f"<QQ{len(values)}Q", START + int(seconds * 1e9), len(values), *values))

    def header(self, version=1, state=3):
        used = HEADER_SIZE + len(self.records)
        return struct.pack("<8s4I6Q2I256s", b"ASHLARPF", version, HEADER_SIZE, 4096, self.pid,
                           int((time.time() - 3600) * 1e9), START, self.rate, 1 << 20, used, 0, state, 0,
                           self.program.encode())

    def write(self, path, **header):
        with open(path, "wb") as file:
            file.write(self.header(**header).ljust(HEADER_SIZE, b"\0") + self.records + bytes(4096))
        with open(self.map_path, "w", encoding="utf-8") as file:
            for name, begin in self.functions.items():
                file.write(f"{begin:x} 100 {name}\n")
        return path

    @property
    def map_path(self):
        return f"/tmp/perf-{self.pid}.map"

    def remove_map(self):
        if os.path.exists(self.map_path):
            os.unlink(self.map_path)


def example(**settings):
    """Returns the profile of a server that leaks a table, peaks while it parses, churns, and pins slabs."""
    file = ProfileFile(**settings)
    file.thread(1, "main")
    file.thread(2, "worker")
    file.allocate(0.1, ("main", "serve", "load_table"), 4_000_000)
    parsed = [file.allocate(1 + step / 100, ("main", "serve", "parse", "operator new(unsigned long)"), 1_000_000)
              for step in range(20)]
    for step, block in enumerate(parsed):
        file.free(1.5 + step / 100, block)
    for step in range(30):
        churned = file.allocate(2 + step / 50, ("main", "worker_loop", "format_reply"), 300_000, thread=2)
        file.free(2 + step / 50 + 0.001, churned)
    keeper = file.allocate(3, ("main", "worker_loop", "remember"), 64, blocks=10, thread=2)
    file.counts(["live", "cached"], [(seconds, (4_000_000 + 500_000 * seconds, 100_000 * seconds)) for seconds in range(5)])
    file.pinned(keeper, 60_000, 1.25)
    file.mark(4)
    return file
