# SPDX-License-Identifier: MIT
"""Runs a program with a limit on its time, and optionally on its memory. None of its processes outlives the run."""
import ctypes
import glob
import os
import select
import signal
import subprocess
import tempfile
import time

INTERVAL_MS = 20
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Run:
    """The result of a run. `trouble` is empty if the status is 0. `seconds` are wall time."""

    def __init__(self, trouble, output="", errors="", seconds=0.0, cpu_seconds=0.0, peak_kib=0):
        self.trouble, self.output, self.errors = trouble, output, errors
        self.seconds, self.cpu_seconds, self.peak_kib = seconds, cpu_seconds, peak_kib


def _end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _peak_kib(process):
    try:
        with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:
            fields = dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        return 0
    return int(fields["VmHWM"].split()[0]) if "VmHWM" in fields else 0  # absent while the process ends


def _session_kib(session):
    """Returns the resident memory of all processes of a session."""
    pages = 0
    for name in glob.iglob("/proc/[0-9]*/stat"):
        try:
            with open(name, encoding="ascii", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue  # the process has ended
        if int(fields[3]) == session:
            pages += int(fields[21])
    return pages * PAGE_KIB


def _ending(status):
    if status == 0:
        return ""
    if status == -signal.SIGKILL:
        return "out of memory (killed by the system)"
    if status < 0:
        return f"crash ({signal.Signals(-status).name})"
    return f"status {status}"


def run(command, env, seconds, memory_mib=None):
    """Runs the command for at most `seconds`."""
    with tempfile.TemporaryFile("w+", errors="replace") as output, tempfile.TemporaryFile("w+", errors="replace") as errors:
        start = time.monotonic()
        try:
            # A new session, so that all its processes can be killed.
            process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                                       start_new_session=True, preexec_fn=_end_with_parent)
        except OSError as error:
            return Run(f"{command[0]}: {error.strerror}")
        trouble, peak, descriptor = "", 0, os.pidfd_open(process.pid)
        ended = select.poll()
        ended.register(descriptor, select.POLLIN)
        try:
            while not trouble and not ended.poll(INTERVAL_MS):
                peak = max(peak, _peak_kib(process.pid))
                if time.monotonic() - start > seconds:
                    trouble = f"no result within {seconds:.4g} s"
                elif memory_mib and _session_kib(process.pid) > memory_mib * 1024:
                    trouble = f"out of memory (more than {memory_mib} MiB)"
        finally:
            os.close(descriptor)
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        taken = time.monotonic() - start
        output.seek(0)
        errors.seek(0)
        return Run(trouble or _ending(process.returncode), output.read(), errors.read(), taken,
                   usage.ru_utime + usage.ru_stime, peak)
