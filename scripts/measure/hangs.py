# SPDX-License-Identifier: MIT
"""Many short runs with Ashlar preloaded, each under a time limit. They are larson with 4 and with 8 threads for 0.2 s,
seeds 1 to 200, and the fork storm, 200 processes of 10 forks. A run that exceeds its limit is a hang; where gdb is
installed its threads are written to a file. One that ends with an error is a failure."""
import sys

from measuring import Verdicts, arguments, ashlar, environment, program, progress
from watched import complaint

LIMIT = 60  # seconds; a run takes less than one


def main():
    options = arguments(__doc__, runs=(200, "runs of each"))
    env = environment(ashlar(options))
    larson, fork_storm = program(options.tree, "larson"), program(options.tree, "fork_storm")
    cases = {f"larson, {threads} threads": lambda seed, threads=threads: [
        larson, "0.2", "8", "1000", "1000", "100", str(seed), str(threads)] for threads in (4, 8)}
    cases["fork storm"] = lambda seed: [fork_storm, "--expect-ashlar", "--forks", "10", "--seed", str(seed)]
    verdicts = Verdicts()
    for name, command in cases.items():
        wrong = []
        for seed in range(1, options.runs + 1):
            progress(f"{name}: run {seed} of {options.runs}, {len(wrong)} wrong")
            found = complaint(command(seed), env, LIMIT)
            if found:
                wrong.append(f"seed {seed} {found}")
        progress("")
        for line in wrong:
            print(f"      {name}: {line}")
        verdicts.say(f"hangs and failures of {name}", f"{len(wrong)} of {options.runs} runs", "none", not wrong)
    return verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
