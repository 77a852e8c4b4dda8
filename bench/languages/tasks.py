# SPDX-License-Identifier: MIT
"""The four tasks of README.md in Python.

usage: tasks.py TASK SIZE ITERATIONS"""
import sys
import time
from functools import reduce

MODULUS = 139968
FOLD = 1000003
VALUES = 10000
LETTERS = 26
LONGEST_WORD = 48
ALPHABET = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"

state = 42


def next_number(limit):
    """Returns a number from 0 to limit - 1."""
    global state
    state = (state * 3877 + 29573) % MODULUS
    return state * limit // MODULUS


def fold(total, value):
    return (total * 31 + value) % FOLD


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def run_fibonacci(size, iterations):
    total = 0
    for _ in range(iterations):
        total = fold(total, fibonacci(size))
    return total


class Node:
    __slots__ = ("value", "left", "right")

    def __init__(self, value):
        self.value = value
        self.left = None
        self.right = None


def build(depth):
    tree = Node(next_number(VALUES))
    if depth > 0:
        tree.left = build(depth - 1)
        tree.right = build(depth - 1)
    return tree


def check(tree):
    if tree.left is None:
        return tree.value
    return (tree.value + 2 * check(tree.left) + 3 * check(tree.right)) % FOLD


def run_trees(size, iterations):
    total = 0
    lasting = build(size)
    for _ in range(iterations):
        total = fold(total, check(build(size)))
    return fold(total, check(lasting))


def run_arrays(size, iterations):
    total = 0
    for i in range(iterations):
        array = [next_number(VALUES) for _ in range(1 + next_number(size))]
        mapped = [value * 3 + i for value in array]
        filtered = [value for value in mapped if value % 2 == 0]
        total = reduce(fold, filtered, total)
    return total


def run_strings(size, iterations):
    total = 0
    for _ in range(iterations):
        parts = []
        for _ in range(size):
            start = next_number(LETTERS)
            length = 1 + next_number(LONGEST_WORD)
            parts.append(ALPHABET[start:start + length])
        text = " ".join(parts)
        for word in text.split(" "):
            total = fold(total, len(word))
            total = fold(total, ord(word[0]))
    return total


TASKS = {"fibonacci": run_fibonacci, "trees": run_trees, "arrays": run_arrays, "strings": run_strings}


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in TASKS:
        sys.stderr.write("usage: tasks fibonacci|trees|arrays|strings SIZE ITERATIONS\n")
        return 2
    start = time.process_time()
    total = TASKS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
    print(f"checksum = {total}\nCPU time = {(time.process_time() - start) * 1e3:.3f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
