# SPDX-License-Identifier: MIT
"""What a process pays for Ashlar before it does anything.

CPU: /bin/true, 1000 times under each, interleaved; user and system time of each child from wait4. Children are made by
posix_spawn, which shares the parent's memory until exec. So the time of the driver and of copying its page tables is
not in the figure. exec, the dynamic linker, start-up and exit of /bin/true are. System runs twice in each round: the
ratio of these two shows the noise. The library is a copy, as installing makes one. Of the file that the linker has
written piece by piece the page cache holds single pages. Mapping these costs a hundredth more, until the file is read
anew.

Memory: private dirty memory of `cat` while it waits for its pipe, after it has echoed one byte."""
import os
import random
import shutil
import subprocess
import sys
import tempfile

from measuring import Verdicts, arguments, ashlar, command_path, environment, interval, median, progress, shuffled


def cpu_microseconds(command, env):
    process = os.posix_spawn(command, [command], env)
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        sys.exit(f"{command} ended with status {status}")
    return (usage.ru_utime + usage.ru_stime) * 1e6


def private_dirty_kib(env):
    with subprocess.Popen([command_path("cat")], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as cat:
        cat.stdin.write(b"x")
        if cat.stdout.read(1) != b"x":
            sys.exit("cat does not echo")
        with open(f"/proc/{cat.pid}/smaps_rollup", encoding="ascii") as file:
            result = sum(int(line.split()[1]) for line in file if line.startswith("Private_Dirty"))
        cat.stdin.close()
    return result


def main():
    options = arguments(__doc__, runs=(1000, "runs of each"))
    with tempfile.TemporaryDirectory() as folder:
        library = shutil.copy(ashlar(options), folder)
        os.sync()  # pages of a library that was just written count as dirty until they are on the disk
        return measure(library, options.runs)


def measure(library, runs):
    environments = {"System": environment(), "System again": environment(), "Ashlar": environment(library)}
    generator = random.Random(1)
    blocks = 25
    ratios, noise, microseconds = [], [], {name: [] for name in environments}
    for block in range(-1, blocks):  # the first is a warm-up
        samples = {name: [] for name in environments}
        for _ in range(max(1, runs // blocks)):
            for name in shuffled(environments, generator):
                samples[name].append(cpu_microseconds("/bin/true", environments[name]))
        if block < 0:
            continue
        progress(f"start-up: block {block + 1} of {blocks}")
        medians = {name: median(values) for name, values in samples.items()}
        for name, value in medians.items():
            microseconds[name].append(value)
        ratios.append(medians["Ashlar"] / medians["System"])
        noise.append(medians["System again"] / medians["System"])
    progress("")
    dirty = {name: median([private_dirty_kib(env) for _ in range(15)]) for name, env in environments.items()}

    verdicts = Verdicts()
    low, high = interval(ratios)
    verdicts.at_most("start-up, CPU ratio to System", median(ratios), 1.15,
                     f"{median(ratios):.3f}× ({low:.3f} to {high:.3f}), System to itself {median(noise):.3f}×, "
                     f"{median(microseconds['Ashlar']):.0f} µs to {median(microseconds['System']):.0f} µs a process")
    verdicts.at_most("start-up, private dirty KiB above System", dirty["Ashlar"] - dirty["System"], 150,
                     f"{dirty['Ashlar']:.0f} KiB to {dirty['System']:.0f} KiB")
    return verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
