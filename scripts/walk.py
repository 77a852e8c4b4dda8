#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Updates the walk in docs/profiling.md. Runs the programs in docs/examples and writes the output of `ashlar` into the
document. With a browser, also writes the pictures beside the document.

usage: scripts/walk.py [--check] [--build FOLDER]

  --check          change nothing; fail if the document differs in more than figures
  --build FOLDER   the build tree of ashlar and the programs (build/release)"""
import argparse
import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCUMENT = os.path.join(ROOT, "docs", "profiling.md")
PICTURES = os.path.join(ROOT, "docs", "pictures")
BENCH = os.path.join(ROOT, "docs", "bench.html")  # the README shows a part of the page
LARGEST = 150 << 10  # bytes of a picture
COLUMNS = 104
LIMIT = 100
CLEAN = {key: value for key, value in os.environ.items()
         if key not in ("LD_PRELOAD", "ASHLAR_CONF") and not key.startswith("DEBUGINFOD_")}
NUMBER = r"[+-]?[0-9][0-9.]*( [kMG]\b)?( ± [0-9.]+)?( ?(B|[KMG]iB|ns|µs|ms|s|%)(?![A-Za-z]))?"


class Walk:
    def __init__(self, build):
        self.ashlar = os.path.join(build, "bin", "ashlar")
        self.library = os.path.join(build, "lib", "libashlar.so")
        self.programs = os.path.join(build, "bin", "examples")

    def program(self, name):
        return os.path.join(self.programs, name)

    def on_terminal(self, *command):
        """Returns the output on a terminal of a fixed width, without colours."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 50, COLUMNS, 0, 0))
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE,
                              env={**CLEAN, "NO_COLOR": "1"}) as process:
            os.close(theirs)
            out = b""
            while True:
                try:
                    part = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
                if not part:
                    break
                out += part
            errors = process.stderr.read().decode()
        os.close(ours)
        if process.returncode != 0:
            sys.exit(f"walk: {' '.join(command)}: status {process.returncode}: {errors}")
        return out.decode().replace("\r\n", "\n")

    def profile(self, view, name):
        """Returns the table of the view and its advice."""
        text = self.on_terminal(self.ashlar, "profile", "--library", self.library, "--" + view, "--rate", "16K", "--cost", "0", "--",
                                self.program(name))
        table = text[text.index("\nWhere ") + 1:].split("\n\n")[0]
        advice = next(line for line in in_one_line(text.split("What to do\n")[1]).splitlines()
                      if line.strip().startswith((view.capitalize() + ":", "Leaks:" if view == "leaks" else "\0")))
        return f"$ ashlar profile --{view} --rate 16K --cost 0 -- ./{name}\n…\n{table}\n…\nWhat to do\n{advice}\n"

    def stats(self, name, mode, *options):
        """Returns the parts of the memory and the verdict."""
        with subprocess.Popen([self.program(name), mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env={**CLEAN, "LD_PRELOAD": self.library}) as process:
            if mode == "wait":
                process.stdout.readline()  # waits until the program is ready
            text = self.on_terminal(self.ashlar, "stats", *options, str(process.pid))
            process.stdin.close()
        parts = text[text.index("in memory  "):].split("\nnot in memory")[0]
        verdict = text.rstrip("\n").split("\n\n")[-1].replace(str(process.pid), "4711")
        return f"$ ashlar stats {' '.join([*options, f'$(pidof {name})'])}\n{parts}\n…\n{verdict}\n"

    def steps(self):
        return {
            "leaking, its memory": lambda: self.stats("leaking", "serve"),
            "leaking, its places": lambda: self.profile("leaks", "leaking"),
            "fragmenting, its memory": lambda: self.stats("fragmenting", "wait", "--interval", "0"),
            "fragmenting, its places": lambda: self.profile("waste", "fragmenting"),
            "allocating, its places": lambda: self.profile("temporary", "allocating"),
        }

    def report(self, folder, view, name):
        page = os.path.join(folder, name + ".html")
        self.on_terminal(self.ashlar, "profile", "--library", self.library, "--" + view, "--rate", "16K", "--cost", "0", "--html", page, "--",
                         self.program(name))
        return page


def block(name):
    """Returns a pattern for the fenced text behind the line that names it."""
    return re.compile(rf"(?<=<!-- walk: {re.escape(name)} -->\n```\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def in_one_line(text):
    """Undoes how a terminal wraps sentences, which depends on the length of their numbers."""
    return re.sub(r"\n {4}(?=\S)", " ", text)


def without_figures(text):
    """Returns the part that must be equal each time: the verdict, or the first place with its caller and advice. Other
    rows change with sampling and with the compiler's line numbers."""
    text = in_one_line(text)
    lines = text.splitlines()
    if "ashlar stats" in text:
        text = "\n".join([lines[0], *text.split("\n…\n")[1:]])
    else:
        text = "\n".join([*lines[:7], *lines[-1:]])
    text = re.sub(NUMBER, "#", re.sub(r"(?<=\.cc:)[0-9]+", lambda line: "line " + "x" * int(line[0]), text))
    return re.sub(r"[\s─-]+", " ", text).strip()


def take_pictures(walk):
    sys.path.append(os.path.join(ROOT, "tests", "common"))
    import browser  # pylint: disable=import-outside-toplevel
    if browser.PATH is None:
        sys.exit("walk: no pictures: there is no chromium; scripts/setup.sh installs it")
    os.makedirs(PICTURES, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        chromium = browser.Browser(folder)
        leaks = walk.report(folder, "leaks", "leaking")
        temporary = walk.report(folder, "temporary", "allocating")
        bench = shutil.copy(BENCH, folder)
        for picture, page, only, height in (("report.png", leaks, None, 1180), ("flame-graph.png", temporary, "flame-graph", 560),
                                            ("bench.png", bench, "speed-memory", 640)):
            if only is not None:
                with open(page, encoding="utf-8") as file:
                    text = file.read()
                with open(page, "w", encoding="utf-8") as file:
                    file.write(text.replace("</style>", f"section:not(#{only}), header, nav, footer {{ display: none; }}</style>", 1))
            path = os.path.join(PICTURES, picture)
            chromium.run(page, f"--screenshot={path}", "--virtual-time-budget=3000", width=1000, height=height)
            if os.path.getsize(path) > LARGEST:
                sys.exit(f"walk: {path} is larger than {LARGEST >> 10} KiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    arguments = parser.parse_args()
    walk = Walk(os.path.abspath(arguments.build))
    with open(DOCUMENT, encoding="utf-8") as file:
        text = file.read()
    differs = []
    for name, step in walk.steps().items():
        written = block(name).search(text)
        if written is None:
            sys.exit(f"walk: docs/profiling.md has no block <!-- walk: {name} -->")
        found = step()
        if not arguments.check:
            text = text[:written.start()] + found + text[written.end():]
        elif without_figures(found) != without_figures(written[0]):
            differs.append(f"{name}:\n{without_figures(written[0])}\nis now\n{without_figures(found)}")
    if differs:
        sys.exit("walk: docs/profiling.md is not what happens any more; scripts/walk.py writes it anew\n" + "\n".join(differs))
    if not arguments.check:
        with open(DOCUMENT, "w", encoding="utf-8") as file:
            file.write(text)
        take_pictures(walk)


if __name__ == "__main__":
    main()
