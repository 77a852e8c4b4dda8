# SPDX-License-Identifier: MIT
"""Many short runs with Ashlar preloaded, each under a time limit: larson with 4 and with 8 threads for 0.2 s, seeds 1
to 200, and the fork storm, 200 processes of 10 forks. A run that exceeds its limit is a hang; where gdb is installed
its threads are written to a file. One that ends with an error is a failure."""
import os
import shutil
import subprocess
import sys
import tempfile

from measuring import Verdicts, arguments, ashlar, environment, program, progress

LIMIT = 60  # seconds; a run takes less than one


def stacks(process):
    """The file with the stacks of all threads of the process and its children."""
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False).stdout.split()
    handle, path = tempfile.mkstemp(prefix="ashlar-hang-", suffix=".txt")
    with os.fdopen(handle, "w") as file:
        for number in [str(process.pid), *children]:
            if shutil.which("gdb"):
                subprocess.run(["gdb", "-p", number, "-batch", "-ex", "thread apply all backtrace"], stdout=file,
                               stderr=subprocess.DEVNULL, check=False)
    return path


def run(command, env):
    """What went wrong, or an empty string."""
    # A session of its own, so that all that a hanging run has started can be ended.
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        path = stacks(process)
        os.killpg(process.pid, 9)
        process.communicate()
        return f"hangs; stacks in {path}"
    return "" if process.returncode == 0 else f"status {process.returncode}: {output.strip()[-200:]}"


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
            complaint = run(command(seed), env)
            if complaint:
                wrong.append(f"seed {seed} {complaint}")
        progress("")
        for line in wrong:
            print(f"      {name}: {line}")
        verdicts.say(f"hangs and failures of {name}", f"{len(wrong)} of {options.runs} runs", "none", not wrong)
    return verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
