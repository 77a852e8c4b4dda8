#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds and tests. Without arguments, sets up the machine and compiles core, bench and tools with clang. This tree runs
# no tests. Then builds the presets release, asan and tsan with g++, and runs all tests of each. Warnings are errors in
# all of them. Of the preset valgrind, builds only the library and its memcheck tests. Two presets are for
# scripts/nightly.sh. asan-tools is asan with the tools. Of debug, only the core and its unit tests are built, because
# the sanitizers' trees have assertions and lock ranks, too.
#
# usage: scripts/test.sh [--preset NAME]... [--no-setup] [--configure-only] [label...]
#
#   label              only tests with one of these ctest labels (unit, preload, stress, sanitizer), in the
#                      release tree; with `sanitizer` also in asan and tsan, the only trees with that label. Two
#                      labels run only if named: programs (large programs on the library, see
#                      scripts/setup.sh --programs) and power (whether verdicts are right)
#   --preset NAME      only this tree (repeatable): release, debug, asan, asan-tools, tsan, valgrind, or clang, which is
#                      only compiled
#   --no-setup         do not look for missing packages
#   --configure-only   neither compile nor test
#
# A tree fails if it runs far fewer tests than tests/number_of_tests.txt records.
#
# The last lines are ctest's own closing lines for each tree. Above them are a table with one line per tree and the ends
# of failed tests' output. The status is 0 only if everything compiled, at least one test ran in each tree, and none
# failed. Up to five failed tests of the release tree run once more, alone. Tests of other processes may fail on a busy
# machine. A test that passes then is named and does not count as failed. This does not apply to sanitizers, whose
# findings are real.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

usage() {
    sed -n '3,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
    exit "$1"
}

trees=()
labels=()
setup=true
configure_only=false
while [[ $# -gt 0 ]]; do
    case $1 in
        --preset) trees+=("${2:?--preset needs a name}"); shift ;;
        --no-setup) setup=false ;;
        --configure-only) configure_only=true ;;
        -h | --help) usage 0 ;;
        -*) echo "test: unknown option $1" >&2; usage 2 >&2 ;;
        *) labels+=("$1") ;;
    esac
    shift
done

if [[ ${#trees[@]} -eq 0 ]]; then
    if [[ ${#labels[@]} -eq 0 ]]; then
        trees=(clang release asan tsan valgrind)
    elif [[ ${labels[*]} == sanitizer ]]; then
        trees=(asan tsan)
    elif [[ " ${labels[*]} " == *" sanitizer "* ]]; then
        trees=(release asan tsan)
    else
        trees=(release)
    fi
fi

if $setup; then
    scripts/setup.sh || exit 1
fi

configure() {
    local tree=$1
    if [[ $tree == clang ]]; then
        # No test runs, so optimisation is off.
        cmake --preset release -B build/clang -DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14 \
            -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-DNDEBUG -DASHLAR_BUILD_TESTS=OFF -DCMAKE_COMPILE_WARNING_AS_ERROR=ON
    elif [[ $tree == debug ]]; then
        cmake --preset debug -DASHLAR_BUILD_TOOLS=OFF -DASHLAR_BUILD_BENCH=OFF -DCMAKE_COMPILE_WARNING_AS_ERROR=ON
    elif [[ $tree == release || $tree == valgrind ]]; then
        cmake --preset "$tree" -DCMAKE_COMPILE_WARNING_AS_ERROR=ON
    else
        # Under a sanitizer, g++ 12 wrongly warns that its own <regex> is uninitialized. The other trees keep that
        # warning.
        cmake --preset "$tree" -DCMAKE_COMPILE_WARNING_AS_ERROR=ON -DCMAKE_CXX_FLAGS=-Wno-maybe-uninitialized
    fi
}

heading() { printf '\n==== %s\n' "$*"; }

# Shows the command's output on a terminal. Elsewhere shows it only after a failure.
quietly() {
    local log=$1
    shift
    if [[ -t 1 ]]; then
        "$@"
        return
    fi
    "$@" >"$log" 2>&1 && return
    cat "$log"
    return 1
}

# Prints the last lines of each failed test's output.
ends_of_failed() {
    awk -v most=20 '
        function flush(  i) { for (i = count > most ? count - most : 0; i < count; i++) print lines[i]; count = 0 }
        /^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/ { flush(); failed = /\*\*\*/ && !/\*\*\*Skipped/; if (failed) print; next }
        /^ *Start +[0-9]+:/ || /tests passed, .* failed out of/ { flush(); failed = 0; next }
        failed && NF { lines[count++] = $0 }' "$1"
}

# enough_ran <tree> <ctest's closing line>: checks that about as many tests ran as recorded, because removed tests fail
# silently. 1/20 may be missing, for features that a machine lacks.
enough_ran() {
    local recorded ran
    recorded=$(sed -n "s/^$1 //p" tests/number_of_tests.txt)
    ran=$(sed -n 's/.* out of \([0-9]*\).*/\1/p' <<<"$2")
    [[ -z $recorded || ${ran:-0} -ge $((recorded * 95 / 100)) ]]
}

failed_tests() { sed -n 's/^\t *[0-9]* - \(.*\) ([^()]*)$/\1/p' "$1"; }

summary=()
closing=()
failed=false
conclude() {
    local tree=$1 seconds=$2 result=$3
    summary+=("$(printf '%-8s %6s s   %s' "$tree" "$seconds" "$result")")
    heading "$tree: $result"
}

only=()
if [[ ${#labels[@]} -gt 0 ]]; then
    only=(-L "^($(IFS='|'; echo "${labels[*]}"))\$")
fi
# Tests that run only if named are in a ctest configuration with the name of their label.
for label in "${labels[@]}"; do
    case $label in programs | power) only+=(-C "$label") ;; esac
done

for tree in "${trees[@]}"; do
    start=$SECONDS
    mkdir -p "build/$tree"
    log=build/$tree/test.log
    heading "$tree: configure"
    if ! quietly "$log" configure "$tree"; then
        conclude "$tree" $((SECONDS - start)) "FAILED to configure"
        failed=true
        continue
    fi
    $configure_only && continue
    heading "$tree: build"
    targets=()
    chosen=("${only[@]}")
    if [[ $tree == valgrind ]]; then
        targets=(--target ashlar_shared memcheck_subject)
        chosen=(-L '^memcheck$')
    elif [[ $tree == debug ]]; then
        targets=(--target ashlar_shared ashlar_hardened unit_tests)
        chosen=(-R '^unit:')
    fi
    if ! quietly "$log" cmake --build "build/$tree" -j 2 "${targets[@]}"; then
        conclude "$tree" $((SECONDS - start)) "FAILED to compile"
        failed=true
        continue
    fi
    built=$((SECONDS - start))
    if [[ $tree == clang ]]; then
        conclude clang $built "compiled without a warning"
        continue
    fi
    heading "$tree: test"
    # scripts/time_limits.py reads the times.
    ctest --test-dir "build/$tree" -j 2 --output-on-failure --no-tests=error --output-junit "$PWD/build/$tree/times.xml" \
        "${chosen[@]}" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    again=
    failed_names=$(failed_tests "$log")
    if [[ $status -ne 0 && $tree == release && -n $failed_names && $(wc -l <<<"$failed_names") -le 5 ]]; then
        heading "$tree: what failed, once more and alone"
        if ctest --test-dir "build/$tree" -j 1 --output-on-failure --rerun-failed "${chosen[@]}"; then
            status=0
            again="; passed once more and alone: $(paste -sd ',' <<<"$failed_names")"
        fi
    fi
    lines=$(sed -n '/tests passed, .* failed out of/,$p' "$log")
    totals=${lines%%$'\n'*}
    skipped=$(grep -c '\*\*\*Skipped' "$log")
    [[ $skipped -gt 0 ]] && totals+=", $skipped skipped"
    closing+=("$tree:"$'\n'"${lines:-no tests were run}")
    totals+=$again
    if [[ ${#labels[@]} -eq 0 ]] && ! enough_ran "$tree" "$totals"; then
        status=1
        totals+="; tests/number_of_tests.txt has more: were they not built?"
    fi
    if [[ $status -ne 0 ]]; then
        failed=true
        closing+=("$(ends_of_failed "$log")")
        totals="FAILED: ${totals:-no tests were run}"
    fi
    conclude "$tree" $((SECONDS - start)) "$totals (built in $built s)"
done
$configure_only && { $failed && exit 1; exit 0; }

heading summary
printf '%s\n' "${summary[@]}"
for lines in "${closing[@]}"; do
    printf '\n%s\n' "$lines"
done
! $failed
