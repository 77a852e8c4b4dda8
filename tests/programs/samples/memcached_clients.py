# SPDX-License-Identifier: MIT
"""Clients of a memcached on the named socket, each in its own thread with its own keys. Checks every answer, and
prints the final contents."""
import hashlib
import random
import socket
import sys
import threading

CLIENTS, STEPS, KEYS = 8, 4000, 200


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.answers = self.socket.makefile("rb")

    def ask(self, *words, value=None):
        line = " ".join(words).encode() + b"\r\n"
        self.socket.sendall(line if value is None else line + value + b"\r\n")

    def tell(self, *words, value=None):
        self.ask(*words, value=value)
        return self.answers.readline().strip().decode()

    def get(self, key):
        self.ask("get", key)
        first = self.answers.readline().split()
        if first == [b"END"]:
            return None
        value = self.answers.read(int(first[3]) + 2)[:-2]
        assert self.answers.readline() == b"END\r\n"
        return value


def work(path, number, digests):
    client, chance, expected = Client(path), random.Random(number), {}
    for _ in range(STEPS):
        key = f"{number}-{chance.randrange(KEYS)}"
        action = chance.randrange(10)
        if action < 4:
            value = chance.randbytes(1) * chance.choice([1, 50, 900, 5000, 60000, 300000])
            assert client.tell("set", key, "0 0", str(len(value)), value=value) == "STORED"
            expected[key] = value
        elif action < 5 and len(expected.get(key, b"")) in range(1, 10000):
            assert client.tell("append", key, "0 0 100", value=b"x" * 100) == "STORED"
            expected[key] += b"x" * 100
        elif action < 6:
            answer = client.tell("delete", key)
            assert answer == ("DELETED" if expected.pop(key, None) is not None else "NOT_FOUND"), answer
        else:
            assert client.get(key) == expected.get(key), key
    digest = hashlib.sha256()
    for key in sorted(expected):
        digest.update(key.encode() + client.get(key))
    digests[number] = f"client {number}: {len(expected)} keys, {digest.hexdigest()}"


def main():
    path, digests = sys.argv[1], [""] * CLIENTS
    threads = [threading.Thread(target=work, args=(path, number, digests)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("\n".join(digests))
    client = Client(path)
    client.ask("stats")
    for line in iter(client.answers.readline, b"END\r\n"):
        _, name, value = line.decode().split(maxsplit=2)
        if name in ("threads", "curr_items", "total_items", "evictions", "cmd_get", "get_hits", "delete_hits"):
            print(name, value.strip())


main()
