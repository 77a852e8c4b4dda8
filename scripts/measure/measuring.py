# SPDX-License-Identifier: MIT
"""What the measuring commands share: allocators, environments, watched runs, medians, intervals, and how a figure is
printed."""
import argparse
import glob
import os
import random
import re
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = {"jemalloc": "libjemalloc.so.2", "mimalloc": "libmimalloc.so.2.0", "tcmalloc": "libtcmalloc_minimal.so.4"}
OTHER_PEERS = {"scudo": "llvm-14/lib/clang/14*/lib/linux/libclang_rt.scudo_standalone-x86_64.so"}  # not fast, not compared by all


def argument_parser(description, **numbers):
    """For --tree, --library and one --option NUMBER for each keyword, whose value is (default, help)."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", default=os.path.join(ROOT, "build/release"), help="build tree (default build/release)")
    parser.add_argument("--library", help="Ashlar's library, such as that of another branch (default: the tree's)")
    for name, (default, text) in numbers.items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(default), default=default,
                            help=f"{text} (default {default})")
    return parser


def arguments(description, **numbers):
    return argument_parser(description, **numbers).parse_args()


def program(tree, name):
    path = os.path.join(tree, "bin", name)
    if not os.access(path, os.X_OK):
        sys.exit(f"{path} is missing; scripts/test.sh --preset release builds it")
    return path


def environment(library=None, **more):
    """The present environment with `library` (None: nothing) preloaded."""
    result = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "PYTHONMALLOC")}
    if library:
        result["LD_PRELOAD"] = library
    result.update(more)
    return result


def loaded(library):
    """Whether preloading works: the dynamic linker only warns if it does not."""
    maps = subprocess.run(["cat", "/proc/self/maps"], env=environment(library), capture_output=True, text=True, check=True)
    return os.path.realpath(library) in maps.stdout


def checked(library):
    """The real path of a library that can be preloaded."""
    library = os.path.realpath(library)
    if not os.path.exists(library) or not loaded(library):
        sys.exit(f"{library} is missing or cannot be preloaded")
    return library


def ashlar(options):
    """The library that the command line asks for."""
    return checked(options.library or os.path.join(options.tree, "lib/libashlar.so"))


def peers(more=()):
    """{name: library} of those that are installed; `more` names some of OTHER_PEERS."""
    found = {}
    for name, file in [*PEERS.items(), *((name, OTHER_PEERS[name]) for name in more)]:
        for path in sorted(glob.glob(f"/usr/lib/*/{file}") + glob.glob(f"/usr/lib/{file}")):
            if loaded(path):
                found[name] = os.path.realpath(path)
                break
        else:
            print(f"{name}: {file} is not installed")
    return found


def command_path(name):
    path = shutil.which(name)
    if path is None:
        sys.exit(f"{name} is missing; scripts/setup.sh installs it")
    return path


class Run:
    """One run of a program to its end, watched all the while. It has what the program printed, its seconds by the wall,
    its seconds of CPU (in all, and the system's), and its page faults. It has how often it waited (voluntary context
    switches), its peak resident KiB, and samples: [(seconds since start, resident KiB)]. With `pauses`, (seconds,
    something to do), it is stopped for that after so many seconds each; the time does not count."""

    INTERVAL_MS = 20

    def __init__(self, command, env, pauses=None):
        start, self.samples, self.peak_kib = time.monotonic(), [], 0
        until_pause = pauses[0] if pauses else float("inf")
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(command, env=env, stdout=output, stderr=errors)
            ended = select.poll()
            descriptor = os.pidfd_open(process.pid)
            ended.register(descriptor, select.POLLIN)
            while not ended.poll(self.INTERVAL_MS):
                self._sample(process.pid, start)
                if time.monotonic() - start >= until_pause:
                    start += self._pause(process.pid, pauses[1])
                    until_pause += pauses[0]
            os.close(descriptor)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.seconds = time.monotonic() - start
            self.cpu_seconds = usage.ru_utime + usage.ru_stime
            self.system_seconds = usage.ru_stime
            self.faults = usage.ru_minflt
            self.voluntary_switches = usage.ru_nvcsw
            output.seek(0)
            errors.seek(0)
            self.output, self.errors = output.read(), errors.read()
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)} failed with status {process.returncode}:\n{self.output}{self.errors}")

    @staticmethod
    def _pause(process, work):
        """Its seconds."""
        begun = time.monotonic()
        os.kill(process, signal.SIGSTOP)  # it may have ended, but nobody has waited for it
        work()
        os.kill(process, signal.SIGCONT)
        return time.monotonic() - begun

    def _sample(self, process, start):
        with open(f"/proc/{process}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        if "VmRSS" in fields:  # else it is just ending
            self.samples.append((time.monotonic() - start, int(fields["VmRSS"].split()[0])))
            self.peak_kib = int(fields["VmHWM"].split()[0])

    def number(self, pattern):
        """The group of a regular expression in what was printed."""
        found = re.search(pattern, self.output, re.MULTILINE)
        if not found:
            sys.exit(f"'{pattern}' is not in the output:\n{self.output}")
        return float(found.group(1))

    def throughput(self):
        return self.number(r"^Throughput = +(\d+)")

    def mean_kib(self):
        return statistics.mean(kib for _, kib in self.samples)


def in_turns(commands):
    """Runs {name: (command, environment, seconds of a turn)} one at a time, each for its turn while the others are
    stopped, until all have ended. {name: what it printed}"""
    processes = {name: subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
                 for name, (command, env, _) in commands.items()}
    left = dict(processes)
    try:
        for process in processes.values():
            process.send_signal(signal.SIGSTOP)
        while left:
            for name, process in list(left.items()):
                process.send_signal(signal.SIGCONT)
                try:
                    process.wait(timeout=commands[name][2])
                    del left[name]
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGSTOP)
    finally:
        for process in left.values():
            process.kill()
    for name, process in processes.items():
        if process.returncode != 0:
            sys.exit(f"{' '.join(commands[name][0])} ({name}) failed with status {process.returncode}")
    return {name: process.stdout.read() for name, process in processes.items()}


def median(values):
    return statistics.median(values)


def interval(values, seed=1):
    """95 % bootstrap interval of the median."""
    if len(values) == 1:
        return values[0], values[0]
    generator = random.Random(seed)
    medians = sorted(median(generator.choices(values, k=len(values))) for _ in range(2000))
    return medians[49], medians[1949]


def shuffled(items, generator):
    items = list(items)
    generator.shuffle(items)
    return items


class Verdicts:
    """Prints each figure beside its target; the exit status is that of the worst."""

    def __init__(self):
        self.failed = False

    def at_most(self, what, value, target, detail=""):
        figure = f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
        self.say(what, figure, f"at most {target}", value <= target, detail)

    def say(self, what, value, target, passed, detail=""):
        self.failed |= not passed
        print(f"{'PASS' if passed else 'FAIL'}  {what}: {value} (target: {target}){'; ' + detail if detail else ''}", flush=True)

    def status(self):
        return 1 if self.failed else 0


def progress(text):
    """On a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
