# SPDX-License-Identifier: MIT
"""Runs that may hang: each has a time limit, and one that exceeds it leaves the stacks of its threads behind."""
import os
import shutil
import subprocess
import tempfile


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


def complaint(command, env, limit):
    """What went wrong with a run of at most `limit` seconds, or an empty string."""
    # A session of its own, so that all that a hanging run has started can be ended.
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        path = stacks(process)
        os.killpg(process.pid, 9)
        process.communicate()
        return f"hangs; stacks in {path}"
    return "" if process.returncode == 0 else f"status {process.returncode}: {output.strip()[-200:]}"
