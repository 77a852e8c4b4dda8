#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs the tests that take too long for every change, about seven hours:
#
#   * the soak under the preloaded library and under both sanitizers, and whether it finds planted mistakes;
#   * the stress programs at ten times their size, hundreds of runs that must not hang, and an hour of everything
#     that could hang the profiler;
#   * the planted cases for `ashlar stats` and `ashlar profile`, twenty times, and a thousand readings of a process
#     under load;
#   * a thousand runs under the lock profiler, and whether verdicts and the alarm are right;
#   * large programs on the library, the tools under a sanitizer, unit tests without optimisation;
#   * the tests for aarch64, and clang-tidy with the static analyzer on all sources;
#   * the commands of the README on a bare Debian 12.
#
# Continues after a failure. The last lines list the failures. The time limit of each part follows from its quiet time.
# scripts/time_limits.py audits and records these.
#
# usage: scripts/nightly.sh [--seed N]      the seed of all soaks (by default each chooses and prints one)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

seed=()
if [[ ${1-} == --seed ]]; then
    seed=(--seed "${2:?--seed needs a number}")
elif [[ $# -gt 0 ]]; then
    echo "nightly: unknown option $1" >&2
    exit 2
fi

declare -A limits=()
while read -r name seconds; do
    limits[$name]=$seconds
done < <(scripts/time_limits.py --nightly-limits)

times=build/nightly_times.tsv
mkdir -p build
: >"$times"

failures=()
# run <name> <command...>: records a failure also if the command exceeds its limit. Writes its seconds for
# scripts/time_limits.py.
run() {
    local start=$SECONDS status=0
    printf '\n==== %s: %s\n' "$1" "${*:2}"
    timeout --kill-after=30 "${limits[$1]:?"no limit for $1"}" "${@:2}" || status=$?
    [[ $status -eq 0 ]] || failures+=("$1: ${*:2}")
    printf '%s\t%s\t%s\n' "$1" $((SECONDS - start)) "$status" >>"$times"
}
preloaded() { run "preloaded-$1" env LD_PRELOAD="$PWD/build/release/lib/libashlar.so" "build/release/bin/$2" --expect-ashlar "${@:3}"; }
asan() { run "asan-$1" env ASAN_OPTIONS=allocator_may_return_null=1 "build/asan/bin/static_$2" "${@:3}"; }
tsan() { run "tsan-$1" env TSAN_OPTIONS=allocator_may_return_null=1 "build/tsan/bin/static_$2" "${@:3}"; }

scripts/setup.sh --programs --aarch64 || exit 1
for tree in release asan tsan; do
    cmake --preset "$tree" >/dev/null && cmake --build "build/$tree" -j 2 || exit 1
done

run lint scripts/lint.sh --all
run asan-tools scripts/test.sh --no-setup --preset asan-tools
run debug scripts/test.sh --no-setup --preset debug

preloaded soak soak --seconds 600 "${seed[@]}"
asan soak soak --seconds 300 "${seed[@]}"
tsan soak soak --seconds 300 "${seed[@]}"
run planted-mistakes ctest --test-dir build/release --output-on-failure --no-tests=error -C soak -L soak
run unwind ctest --test-dir build/release --output-on-failure --no-tests=error -C unwind -L '^unwind$'

preloaded model-no-shadow model --threads 4 --operations 8000000 --no-shadow
preloaded model-shadow model --threads 2 --operations 4000000
preloaded cross-free cross_free --threads 8 --batches 20000
preloaded thread-storm thread_storm --threads 100000
preloaded fork-storm fork_storm --forks 2000 --forkers 2
preloaded late-destructors late_destructors --threads 40000
preloaded bulk bulk --cycles 20

run readings ctest --test-dir build/release --output-on-failure --no-tests=error -C readings -L readings
run repeated ctest --test-dir build/release --output-on-failure --no-tests=error -C repeated -L repeated
run locks env ASHLAR_LOCKS_RUNS=1000 python3 tests/programs/locks/locks_test.py build/release/bin/ashlar build/release/lib/libashlar-locks.so \
    build/release/bin/locking build/release/bin/lock_pairs Ashlar="$PWD/build/release/lib/libashlar.so"
run lock-validation env ASHLAR_LOCKS_SEEDS=20 ASHLAR_LOCKS_ERRORS=4 python3 tests/programs/locks/validation_test.py build/release/bin/ashlar \
    build/release/lib/libashlar-locks.so build/release/bin/scenario build/release/lib/libashlar.so build/release/bin/batches
run profiler-storm env ASHLAR_STORM_SECONDS=3600 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/common \
    python3 tests/programs/profiler/profiler_test.py build/release/lib/libashlar.so build/release/lib/libashlar-hardened.so \
    build/release/bin/profiler_program build/release/lib/libprofiler_opened.so Storm
run alarm-controls cmake --build build/release -j 2 --target alarm_controls
run power ctest --test-dir build/release --output-on-failure --no-tests=error -C power -L power
run hangs scripts/measure/hangs.sh
run fresh scripts/fresh.sh
run aarch64 scripts/aarch64.sh --no-setup
run programs scripts/test.sh --no-setup programs

echo
if [[ ${#failures[@]} -gt 0 ]]; then
    printf 'nightly: failed: %s\n' "${failures[@]}"
    exit 1
fi
echo "nightly: passed in $((SECONDS / 60)) minutes"
