# SPDX-License-Identifier: MIT
"""What a fork costs in a process with a thousand and with four thousand threads that have used the heap and now sleep.
Measured is the time until its child, which ends at once, has ended. Under System, the default library and the hardened
one, each in a process of its own in each round, in random order. Of the forks of a process the median counts; the
figure is the median of the rounds' ratios to System."""
import random
import subprocess
import sys

from hardened import hardened
from measuring import Verdicts, argument_parser, ashlar, environment, interval, median, program, progress, shuffled

THREADS = (1000, 4000)
MOST = 1.2


def milliseconds(command, env):
    run = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"{' '.join(command)} failed with status {run.returncode}:\n{run.stdout}{run.stderr}")
    return median([float(line) for line in run.stdout.split()])


def main():
    parser = argument_parser(__doc__, rounds=(15, "rounds"), forks=(15, "forks of a process"))
    parser.add_argument("--hardened", help="the hardened library (default: the tree's)")
    options = parser.parse_args()
    environments = {"System": environment(), "default": environment(ashlar(options)), "hardened": environment(hardened(options))}
    generator, verdicts = random.Random(1), Verdicts()
    for threads in THREADS:
        command = [program(options.tree, "fork_cost"), "--threads", str(threads), "--forks", str(options.forks)]
        samples = {name: [] for name in environments}
        for number in range(options.rounds):
            progress(f"{threads} threads: round {number + 1} of {options.rounds}")
            for name in shuffled(environments, generator):
                samples[name].append(milliseconds(command, environments[name]))
        progress("")
        ratios = {name: [one / other for one, other in zip(samples[name], samples["System"])] for name in environments}
        told = {name: "{:.2f}× ({:.2f} to {:.2f})".format(median(values), *interval(values)) for name, values in ratios.items()}
        verdicts.at_most(f"fork and exit with {threads} threads, time to System", median(ratios["default"]), MOST,
                         f"{told['default']}; hardened {told['hardened']}; "
                         + ", ".join(f"{name} {median(values):.2f} ms" for name, values in samples.items()))
    return verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
