# SPDX-License-Identifier: MIT
"""Reads the profiler's file strictly as core/include/ashlar/profile_format.h says. Anything that the rules do not
allow is an error, and is not skipped."""
import struct

from crc32c import crc32c

HEAD = struct.Struct("<IHHII")
CLOSED = 1 << 63
NAMES = {1: "stack", 2: "map", 3: "thread", 4: "allocate", 5: "free", 6: "count_names", 7: "counts", 8: "pinned", 9: "mark",
         10: "cpu", 11: "cpu_time"}
CPU_STATES = {1: "samples", 2: "signal in use", 3: "no thread"}
REASONS = {1: "start", 2: "stop", 3: "pause", 4: "resume", 5: "dump", 6: "high-water", 7: "interval", 8: "exit", 9: "fork"}
STATES = {1: "recording", 2: "paused", 3: "stopped", 4: "full"}


class Damaged(Exception):
    pass


class Profile:
    """The contents of a file. `records`: (kind, fields) in order; `holes`: bytes that were reserved and not written."""

    def __init__(self, path):
        self.path = path
        # A file that was not closed properly has its maximum length.
        with open(path, "rb") as file:
            data = file.read(4096)
            data += file.read(max(0, (struct.unpack_from("<Q", data, 56)[0] & ~CLOSED) - len(data)))
        (magic, self.version, header_size, self.page_size, self.pid, self.start_realtime, self.start_monotonic, self.rate,
         self.capacity, reserved, self.lost, state, self.parent) = struct.unpack_from("<8sIIIIQQQQQQII", data)
        if magic != b"ASHLARPF" or self.version != 1:
            raise Damaged(f"{path}: {magic} version {self.version}")
        self.state = STATES[state]
        self.closed = bool(reserved & CLOSED)
        self.program = data[80:336].split(b"\0")[0].decode()
        self.records, self.holes = [], 0
        end = reserved & ~CLOSED
        if end > self.capacity or end > len(data):
            raise Damaged(f"{path}: {end} bytes of {len(data)}")
        at = header_size
        while at < end:
            if data[at:at + 8] == bytes(8):
                self.holes += 8
                at += 8
                continue
            size, kind, flags, checksum, zero = HEAD.unpack_from(data, at)
            if size < 16 or size % 8 or at + size > end or flags or kind not in (0, *NAMES):
                raise Damaged(f"{path}: {size} bytes of kind {kind} at {at} of {end}")
            if kind == 0:
                self.holes += size
            else:
                payload = data[at + 16:at + size]
                if zero or crc32c(data[at:at + 8] + payload) != checksum:
                    raise Damaged(f"{path}: checksum of kind {kind} at {at}")
                self.records.append((NAMES[kind], parse(NAMES[kind], payload)))
            at += size

    def of(self, kind):
        return [fields for name, fields in self.records if name == kind]

    def marks(self):
        return [mark["reason"] for mark in self.of("mark")]

    def stacks(self):
        return {stack["id"]: stack["frames"] for stack in self.of("stack")}

    def live(self):
        """Returns the samples without a record of their release, by number."""
        freed = {fields["sample"] for fields in self.of("free")}
        return {fields["sample"]: fields for fields in self.of("allocate") if fields["sample"] not in freed}

    def check(self):
        """Checks that each record is consistent with the earlier ones."""
        stacks, threads, samples, last = set(), set(), {}, None
        for kind, fields in self.records:
            if kind == "stack":
                stacks.add(fields["id"])
            elif kind == "thread":
                threads.add(fields["number"])
            elif kind == "allocate":
                assert fields["stack"] in stacks, fields
                assert fields["thread"] in threads, fields
                assert fields["sample"] not in samples, fields
                assert fields["usable"] >= fields["size"] >= 0 and fields["weight"] >= fields["size"], fields
                samples[fields["sample"]] = True
            elif kind == "free":
                assert samples.get(fields["sample"]), fields
                samples[fields["sample"]] = False
            elif kind == "cpu":
                assert fields["stack"] in stacks, fields
                assert fields["thread"] in threads, fields
                assert fields["microseconds"] > 0 and fields["where"] in (0, 1), fields
            elif kind == "count_names":
                last = fields["names"]
            elif kind == "counts":
                assert len(fields["values"]) == len(last), fields


def parse(kind, payload):
    def fields(layout, *names):
        return dict(zip(names, struct.unpack_from("<" + layout, payload)))

    if kind == "stack":
        number, count = struct.unpack_from("<II", payload)
        return {"id": number, "frames": struct.unpack_from(f"<{count}Q", payload, 8)}
    if kind == "map":
        mapping = fields("QQQQIHBx24s", "begin", "end", "offset", "inode", "device", "path_length", "id_length", "build_id")
        mapping["build_id"] = mapping["build_id"][:mapping["id_length"]].hex()
        mapping["path"] = payload[64:64 + mapping["path_length"]].decode(errors="replace")
        return mapping
    if kind == "thread":
        thread = fields("II16s", "number", "tid", "name")
        thread["name"] = thread["name"].split(b"\0")[0].decode(errors="replace")
        return thread
    if kind == "allocate":
        return fields("QQQQQQQQIIQ", "sample", "time", "address", "size", "usable", "weight", "blocks", "allocated",
                      "stack", "thread", "distance")
    if kind == "free":
        return fields("QQQI", "sample", "time", "allocated", "thread")
    if kind == "count_names":
        count, length = struct.unpack_from("<II", payload)
        names = payload[8:8 + length].decode().split("\0")[:-1]
        assert len(names) == count
        return {"names": names}
    if kind == "counts":
        time, count = struct.unpack_from("<QQ", payload)
        return {"time": time, "values": struct.unpack_from(f"<{count}Q", payload, 16)}
    if kind == "pinned":
        return fields("QQQ", "sample", "bytes", "age")
    if kind == "mark":
        mark = fields("QIxxxxQQ", "time", "reason", "live", "allocated")
        mark["reason"] = REASONS[mark["reason"]]
        return mark
    if kind == "cpu_time":
        cpu = fields("QQQQII", "time", "used", "lost", "unwatched", "microseconds", "state")
        cpu["state"] = CPU_STATES[cpu["state"]]
        return cpu
    return fields("QIIII", "time", "stack", "thread", "microseconds", "where")
