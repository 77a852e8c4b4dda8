# SPDX-License-Identifier: MIT
"""Servers that are measured while a client asks them: what the server and its children used."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

from measuring import command_path


class Used:
    """Of one run: CPU seconds, peak KiB of the largest process, and what the server printed."""

    def __init__(self, usage, output):
        self.cpu_seconds, self.peak_kib, self.output = usage.ru_utime + usage.ru_stime, usage.ru_maxrss, output


def serve(command, env, is_ready, ask, stop):
    """Starts the server, waits until is_ready(), calls ask(), and stop(process) to end it."""
    with tempfile.TemporaryFile("w+") as output:
        server = subprocess.Popen(command, env=env, stdout=output, stderr=subprocess.STDOUT)
        try:
            while server.poll() is None and not is_ready():
                time.sleep(0.02)
            if server.returncode is None:
                ask()
                stop(server)
                _, status, usage = os.wait4(server.pid, 0)
                server.returncode = os.waitstatus_to_exitcode(status)
        finally:
            if server.returncode is None:
                server.kill()
                server.wait()
        output.seek(0)
        text = output.read()
    if server.returncode != 0:
        sys.exit(f"{' '.join(command)} failed with status {server.returncode}:\n{text}")
    return Used(usage, text)


class Redis:
    """redis-server, asked by redis-benchmark for each kind of command `requests` times."""
    TESTS = "set,get,lpush,rpop,sadd,hset,mset"

    def __init__(self, options=()):
        self.options = list(options)
        for command in ("redis-server", "redis-benchmark", "redis-cli"):
            command_path(command)

    def run(self, env, folder, requests, wrapper=()):
        socket = os.path.join(folder, "socket")

        def cli(*words):
            return subprocess.run(["redis-cli", "-s", socket, *words], capture_output=True, check=False).returncode == 0

        def ask():
            subprocess.run(["redis-benchmark", "-s", socket, "-q", "-n", str(requests), "-c", "20", "-P", "16", "-d", "200",
                            "-r", "100000", "-t", self.TESTS], check=True, capture_output=True)

        command = [*wrapper, "redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no",
                   "--dir", folder, *self.options]
        return serve(command, env, lambda: cli("ping"), ask, lambda _: cli("shutdown", "nosave"))


class Postgres:
    """PostgreSQL on a cluster of its own below `folder`, asked by four connections of pgbench. It refuses to run as
    root: then it is nobody's. Server and pgbench have processors of their own where there are two. Which process wakes
    where is chance otherwise, and CPU times of equal runs differ by a tenth."""

    def __init__(self, folder):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found or not shutil.which("pgbench"):
            sys.exit("PostgreSQL is missing; scripts/setup.sh --programs installs it")
        self.programs, self.folder = found[-1], folder
        processors = sorted(os.sched_getaffinity(0))
        servers = processors[len(processors) // 2:]
        self.on_servers = ["taskset", "-c", ",".join(map(str, servers))]
        self.on_askers = ["taskset", "-c", ",".join(map(str, processors[:len(processors) // 2] or servers))]
        self.user = []
        if os.geteuid() == 0:
            self.user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            os.chmod(folder, 0o777)
        self._run([f"{self.programs}/initdb", "-D", f"{folder}/data", "--no-locale", "-E", "UTF8", "-A", "trust", "-U", "tester",
                   "--no-sync"])
        self._serve(dict(os.environ), lambda: self._pgbench("-i", "-q", "-s", "5"))

    def _run(self, command):
        done = subprocess.run([*self.user, *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")

    def _pgbench(self, *words):
        self._run([*self.on_askers, "pgbench", "-h", self.folder, "-U", "tester", *words, "postgres"])

    def _serve(self, env, ask):
        command = [*self.on_servers, *self.user, f"{self.programs}/postgres", "-D", f"{self.folder}/data", "-k", self.folder, "-c",
                   "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=64MB", "-c", "autovacuum=off"]
        ready = [f"{self.programs}/pg_isready", "-q", "-h", self.folder, "-U", "tester"]
        return serve(command, env, lambda: subprocess.run(ready, check=False).returncode == 0, ask,
                     lambda server: server.terminate())

    def run(self, env, transactions):
        """Transactions that only read: writes make the next run's tables larger."""
        return self._serve(env, lambda: self._pgbench("-S", "-n", "-c", "4", "-j", "2", "-t", str(transactions // 4),
                                                      "--random-seed=1"))
