# SPDX-License-Identifier: MIT
"""About five seconds of ordinary Python: strings, dictionaries, lists, JSON and sorting, always the same. Prints its
own peak resident memory at the end."""
import json
import random


def words(generator, count):
    return ["".join(generator.choices("abcdefghijklmnopqrstuvwxyz", k=generator.randrange(2, 14))) for _ in range(count)]


def count_words(generator):
    counts = {}
    for word in words(generator, 60000):
        counts[word] = counts.get(word, 0) + 1
        counts[word[:3]] = counts.get(word[:3], 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def build_records(generator):
    return [{"id": number, "name": " ".join(words(generator, 2)), "tags": words(generator, generator.randrange(5)),
             "values": [generator.random() for _ in range(generator.randrange(8))]} for number in range(15000)]


def main():
    generator = random.Random(42)
    kept = []
    for _ in range(4):
        count_words(generator)
        records = json.loads(json.dumps(build_records(generator)))
        records.sort(key=lambda record: record["name"])
        kept.append(records[::3])  # a part outlives the round
        texts = [json.dumps(record) for record in records]
        "\n".join(texts).split("\n")
    with open("/proc/self/status", encoding="ascii") as file:
        print(next(line for line in file if line.startswith("VmHWM")).split()[1])


main()
