# SPDX-License-Identifier: MIT
"""Work for python3 that allocates in many ways. Its output does not depend on time or place."""
import collections
import hashlib
import io
import json
import queue
import subprocess
import sys
import threading
import zlib

MASK = (1 << 64) - 1


def numbers(seed, count):
    """Yields pseudo-random numbers, the same everywhere."""
    for _ in range(count):
        seed = (seed * 6364136223846793005 + 1442695040888963407) & MASK
        yield seed >> 33


def records(seed, count):
    return [
        {"id": n, "name": "name%d" % (n % 997), "tags": ["t%d" % (n % k) for k in range(2, 9)], "part": n / 7}
        for n in numbers(seed, count)
    ]


def dictionaries():
    table = {}
    for n in numbers(1, 60000):
        table.setdefault(n % 5000, []).append(str(n))
        if n % 3 == 0:
            table.pop(n % 4999, None)
    longest = max(table.items(), key=lambda item: (len(item[1]), item[0]))
    return len(table), longest[0], len(longest[1]), hashlib.sha256("".join(sorted(
        "".join(v) for v in table.values())).encode()).hexdigest()


def documents():
    data = records(2, 4000)
    text = json.dumps(data, sort_keys=True)
    back = json.loads(text)
    assert back == data
    return len(text), hashlib.sha256(json.dumps(back, indent=1).encode()).hexdigest()


def threads():
    jobs, results = queue.Queue(), queue.Queue()

    def work():
        while True:
            job = jobs.get()
            if job is None:
                return
            data = json.dumps(records(job, 150))
            packed = zlib.compress(data.encode(), 6)
            results.put((job, len(data), zlib.crc32(zlib.decompress(packed))))

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for job in range(40):
        jobs.put(job)
    for _ in workers:
        jobs.put(None)
    for worker in workers:
        worker.join()
    found = sorted(results.get() for _ in range(40))
    return hashlib.sha256(repr(found).encode()).hexdigest()


def short_threads():
    total = collections.Counter()
    lock = threading.Lock()

    def work(n):
        local = [bytes(k) for k in range(n % 50)]
        with lock:
            total[n % 7] += len(local)

    for start in range(0, 200, 20):
        batch = [threading.Thread(target=work, args=(n,)) for n in range(start, start + 20)]
        for thread in batch:
            thread.start()
        for thread in batch:
            thread.join()
    return sorted(total.items())


def children():
    lines = []
    for n in range(5):
        code = "d = {str(i): [i] * %d for i in range(2000)}; print(len(d), sum(map(len, d.values())))" % n
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        lines.append((done.stdout.strip(), done.stderr))
    return lines


def exceptions():
    def fall(depth):
        if depth == 0:
            raise ValueError("bottom")
        try:
            fall(depth - 1)
        except ValueError as error:
            raise RuntimeError(depth) from error

    caught = 0
    for _ in range(50):
        try:
            fall(30)
        except RuntimeError:
            caught += 1
    try:
        bytearray(1 << 62)
    except MemoryError:
        caught += 1000
    return caught


def buffers():
    stream = io.BytesIO()
    for n in numbers(3, 3000):
        stream.write(bytes([n & 255]) * (n % 3000))
    parts = [bytearray(n % 200000) for n in numbers(4, 100)]
    parts.sort(key=len)
    return len(stream.getvalue()), sum(map(len, parts)), zlib.crc32(stream.getvalue())


for part in (dictionaries, documents, threads, short_threads, children, exceptions, buffers):
    print(part.__name__, part(), flush=True)
