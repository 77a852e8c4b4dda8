#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The runs that are too long for every change, about seven hours: the soak under the preloaded library and under both
# sanitizers, and whether it finds planted mistakes, the stress programs at ten times their size, hundreds of runs
# that may not hang, an hour of all that could hang the profiler, what is planted for `ashlar stats` and `ashlar
# profile` twenty times and a thousand readings of a process under load, a thousand runs under the lock profiler, whether
# verdicts and the alarm are right, large
# programs on the library, the tools under a sanitizer, clang-tidy with the static analyzer on all sources, and the
# commands of the README on a bare Debian 12. Runs everything even if something fails early; the last lines say what did.
#
# usage: scripts/nightly.sh [--seed N]      the seed of the soaks (else each has one of its own and prints it)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

seed=()
if [[ ${1-} == --seed ]]; then
    seed=(--seed "${2:?--seed needs a number}")
elif [[ $# -gt 0 ]]; then
    echo "nightly: unknown option $1" >&2
    exit 2
fi

failures=()
# run <minutes> <command...>: more than that is a failure, too.
run() {
    printf '\n==== %s\n' "${*:2}"
    timeout --kill-after=30 "$1m" "${@:2}" || failures+=("${*:2}")
}
preloaded() { run "$1" env LD_PRELOAD="$PWD/build/release/lib/libashlar.so" "build/release/bin/$2" --expect-ashlar "${@:3}"; }
asan() { run "$1" env ASAN_OPTIONS=allocator_may_return_null=1 "build/asan/bin/static_$2" "${@:3}"; }
tsan() { run "$1" env TSAN_OPTIONS=allocator_may_return_null=1 "build/tsan/bin/static_$2" "${@:3}"; }

scripts/setup.sh --programs || exit 1
for tree in release asan tsan; do
    cmake --preset "$tree" >/dev/null && cmake --build "build/$tree" -j 2 || exit 1
done

run 60 scripts/lint.sh --all
run 90 scripts/test.sh --no-setup --preset asan-tools

preloaded 12 soak --seconds 600 "${seed[@]}"
asan 7 soak --seconds 300 "${seed[@]}"
tsan 7 soak --seconds 300 "${seed[@]}"
run 13 ctest --test-dir build/release --output-on-failure --no-tests=error -C soak -L soak
run 20 ctest --test-dir build/release --output-on-failure --no-tests=error -C unwind -L '^unwind$'

preloaded 10 model --threads 4 --operations 8000000 --no-shadow
preloaded 10 model --threads 2 --operations 4000000
preloaded 10 cross_free --threads 8 --batches 20000
preloaded 10 thread_storm --threads 100000
preloaded 10 fork_storm --forks 2000 --forkers 2
preloaded 10 late_destructors --threads 40000
preloaded 10 bulk --cycles 20

run 30 ctest --test-dir build/release --output-on-failure --no-tests=error -C readings -L readings
run 60 ctest --test-dir build/release --output-on-failure --no-tests=error -C repeated -L repeated
run 40 env ASHLAR_LOCKS_RUNS=1000 python3 tests/locks/locks_test.py build/release/bin/ashlar build/release/lib/libashlar-locks.so \
    build/release/bin/locking build/release/bin/lock_pairs Ashlar="$PWD/build/release/lib/libashlar.so"
run 20 env ASHLAR_LOCKS_SEEDS=20 ASHLAR_LOCKS_ERRORS=4 python3 tests/locks/validation_test.py build/release/bin/ashlar \
    build/release/lib/libashlar-locks.so build/release/bin/scenario build/release/lib/libashlar.so
run 75 env ASHLAR_STORM_SECONDS=3600 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/tools \
    python3 tests/profiler/profiler_test.py build/release/lib/libashlar.so build/release/lib/libashlar-hardened.so \
    build/release/bin/profiler_program build/release/lib/libprofiler_opened.so Storm
run 30 cmake --build build/release -j 2 --target alarm_controls
run 120 ctest --test-dir build/release --output-on-failure --no-tests=error -C power -L power
run 30 scripts/measure/hangs.sh
run 90 scripts/fresh.sh
run 60 scripts/test.sh --no-setup programs

echo
if [[ ${#failures[@]} -gt 0 ]]; then
    printf 'nightly: failed: %s\n' "${failures[@]}"
    exit 1
fi
echo "nightly: passed in $((SECONDS / 60)) minutes"
