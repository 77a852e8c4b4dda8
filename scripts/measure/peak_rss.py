# SPDX-License-Identifier: MIT
"""Peak resident memory of real programs, ratio to System. They are python3 with its own small-object allocator and
without (PYTHONMALLOC=malloc). And sqlite3, which fills a table and builds an index, in memory and in a file. Each
program reads its own peak (VmHWM) just before it ends: the figure that wait4 gives includes the parent's memory before
exec. Interleaved; the median of the rounds' ratios."""
import os
import random
import subprocess
import sys
import tempfile
import time

from measuring import Verdicts, arguments, ashlar, command_path, environment, median, progress, shuffled

SQL = """
create table t (id integer primary key, word text, number integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 400000)
insert into t select i, printf('%x-%d', (i * 2654435761) % 4294967296, i), (i * 48271) % 2147483647 from n;
create index by_word on t (word);
create index by_number on t (number, word);
select count(*) from t where word > '8' and number < 1000000000;
.shell grep VmHWM /proc/$PPID/status
"""


def python_command(_folder):
    return [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peak_rss_workload.py")], ""


def sqlite_command(_folder):
    return [command_path("sqlite3"), "-batch", ":memory:"], SQL


def sqlite_file_command(folder):
    return [command_path("sqlite3"), "-batch", os.path.join(folder, "file.db")], SQL


WORKLOADS = {
    "python3": (python_command, {}),
    "python3, PYTHONMALLOC=malloc": (python_command, {"PYTHONMALLOC": "malloc"}),
    "sqlite3 index, in memory": (sqlite_command, {}),
    "sqlite3 index, in a file": (sqlite_file_command, {}),
}


def peak_kib(make_command, library, more):
    with tempfile.TemporaryDirectory() as folder:
        command, text = make_command(folder)
        start = time.monotonic()
        run = subprocess.run(command, env=environment(library, **more), input=text, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - start
    numbers = [int(word) for word in run.stdout.split() if word.isdigit()]
    if run.returncode != 0 or not numbers:
        sys.exit(f"{command} failed under {library}:\n{run.stderr}")
    return numbers[-1], seconds


def main():
    options = arguments(__doc__, rounds=(5, "rounds"))
    libraries = {"System": None, "Ashlar": ashlar(options)}
    generator = random.Random(1)
    verdicts = Verdicts()
    for name, (make_command, more) in WORKLOADS.items():
        peaks = {allocator: [] for allocator in libraries}
        seconds = []
        for number in range(options.rounds):
            progress(f"{name}: round {number + 1} of {options.rounds}")
            for allocator in shuffled(libraries, generator):
                peak, took = peak_kib(make_command, libraries[allocator], more)
                peaks[allocator].append(peak)
                seconds.append(took)
        progress("")
        ratios = [ours / theirs for ours, theirs in zip(peaks["Ashlar"], peaks["System"])]
        verdicts.at_most(f"peak RSS of {name}, ratio to System", median(ratios), 1.15,
                         f"{median(peaks['Ashlar']):.0f} KiB to {median(peaks['System']):.0f} KiB, "
                         f"ratios {min(ratios):.3f} to {max(ratios):.3f}, {median(seconds):.1f} s a run")
    return verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
