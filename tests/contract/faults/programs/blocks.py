# SPDX-License-Identifier: MIT
"""Holds blocks of all sizes in one thread and checks them. Half-way the program sends SIGUSR2 to itself;
afterwards memory may be refused. It survives that as a MemoryError, and existing blocks keep their contents.
Once half of them are freed, it gets smaller blocks again."""
import os
import signal
import sys

MOST = 150
SIZES = (40, 700, 5_000, 30_000, 200_000, 3_000_000)


def block(number, size):
    return bytes([number % 251]) * size


def right(number, data):
    return data.count(data[:1]) == len(data) and data[0] == number % 251


def fill(blocks, count):
    """Returns False if memory was refused."""
    for number in range(len(blocks), len(blocks) + count):
        try:
            blocks.append(block(number, SIZES[number % len(SIZES)]))
        except MemoryError:
            return False
    return True


def main():
    blocks = []
    if not fill(blocks, 60):
        sys.exit("no memory before it is refused")
    blocks[::2] = [data + data for data in blocks[::2]]
    if "--signal" in sys.argv:
        os.kill(os.getpid(), signal.SIGUSR2)
    refused = not fill(blocks, MOST)
    if refused and "--signal" not in sys.argv:
        sys.exit("memory is refused without a reason")
    if not all(right(number, data) for number, data in enumerate(blocks)):
        sys.exit("a block is not what it was")
    kept = {number: data for number, data in enumerate(blocks) if number % 2}
    blocks.clear()
    again = [block(number, 700) for number in range(200)]
    if not all(right(number, data) for number, data in (*kept.items(), *enumerate(again))):
        sys.exit("a block is not what it was, or a new one is wrong")
    print("refused" if refused else "served", "and right")


main()
