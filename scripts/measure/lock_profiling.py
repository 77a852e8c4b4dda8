# SPDX-License-Identifier: MIT
"""What the lock profiler costs two servers, on the system's malloc: not preloaded, preloaded but off, and recording, in
turns. The ratio of the server's CPU time for the same requests, with a 95 % interval of its median over the rounds.

  redis     with io-threads 2, asked by redis-benchmark
  postgres  asked by pgbench, which only reads"""
import glob
import os
import sys
import tempfile

from measuring import Verdicts, argument_parser, environment, interval, median, progress
from servers import Postgres, Redis

MOST = 1.08
BASE, OFF, ON = "not preloaded", "preloaded, off", "recording"


def environments(library, folder):
    return {BASE: environment(), OFF: environment(library, ASHLAR_LOCKS="enabled:false"),
            ON: environment(library, ASHLAR_LOCKS=f"file:{folder}")}


def measure(name, run, options, envs, records, verdicts):
    """`run(environment)` gives what a server used."""
    seconds = {variant: [] for variant in envs}
    for number in range(options.rounds):
        order = list(envs) if number % 2 == 0 else list(reversed(envs))
        for variant in order:
            progress(f"{name}, round {number + 1} of {options.rounds}: {variant}")
            seconds[variant].append(run(envs[variant]).cpu_seconds)
            recorded = glob.glob(f"{records}/*")
            if (variant == ON) != bool(recorded):
                sys.exit(f"{name}, {variant}: {len(recorded)} files were recorded")
            for path in recorded:
                os.unlink(path)
    progress("")
    print(f"{name}, {options.rounds} rounds; {BASE}: {median(seconds[BASE]):.2f} s of CPU time")
    for variant in (OFF, ON):
        values = [mine / other for mine, other in zip(seconds[variant], seconds[BASE])]
        low, high = interval(values)
        print(f"  {variant:16} CPU {median(values):6.3f} [{low:.3f} to {high:.3f}]", flush=True)
    verdicts.at_most(f"{name}, recording: CPU, upper bound", high, MOST)


def main():
    parser = argument_parser(__doc__, rounds=(15, "rounds"), requests=(200_000, "requests of each kind to redis"),
                             transactions=(100_000, "transactions of PostgreSQL"))
    parser.add_argument("--only", choices=("redis", "postgres"), help="one server")
    options = parser.parse_args()
    library = os.path.realpath(options.library or os.path.join(options.tree, "lib/libashlar-locks.so"))
    if not os.path.exists(library):
        sys.exit(f"{library} is missing")
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as records:
        os.chmod(records, 0o777)
        envs = environments(library, records)
        if options.only in (None, "redis"):
            redis = Redis(["--io-threads", "2", "--io-threads-do-reads", "yes"])
            measure("redis", lambda env: redis.run(env, folder, options.requests), options, envs, records, verdicts)
        if options.only in (None, "postgres"):
            postgres = Postgres(folder)
            measure("postgres", lambda env: postgres.run(env, options.transactions), options, envs, records, verdicts)
    return verdicts.status()


if __name__ == "__main__":
    sys.exit(main())
