#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds the fuzz tree (build/fuzz: clang, libFuzzer, address and undefined-behaviour sanitizers) and fuzzes.
#
# usage: scripts/fuzz.sh [--no-build] [SECONDS] [TARGET...]    30 seconds for each of heap, config and frames
#        scripts/fuzz.sh [--no-build] --merge [TARGET...]      reduces the corpus in the repository to the smallest
#                                                              one that covers the same as before and all later
#                                                              finds; keeps inputs with names of their own
#
# Inputs that cover new code are kept in build/fuzz/found/TARGET/corpus, where the next run begins. A failing input is
# kept in build/fuzz/found/TARGET. The script then prints the commands that replay it, and its status is 1.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

build=true
merge=false
seconds=30
targets=()
for argument; do
    case $argument in
        --no-build) build=false ;;
        --merge) merge=true ;;
        heap | config | frames) targets+=("$argument") ;;
        [1-9] | [1-9]*[0-9]) seconds=$argument ;;
        *) sed -n '3,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
    esac
done
[[ ${#targets[@]} -eq 0 ]] && targets=(heap config frames)

# allocator_may_return_null: the sanitizer's malloc is Ashlar's fallback, which must return null, not abort.
export ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1

declare -A options=(
    [heap]="-max_len=1024"
    [config]="-max_len=512 -dict=tests/fuzz/config.dict"
    [frames]="-max_len=2048"
)

merge() {
    local target=$1 program=build/fuzz/bin/fuzz_$1 found=build/fuzz/found/$1 corpus=tests/fuzz/corpus/$1 least
    least=$(mktemp -d) || return
    # shellcheck disable=SC2086
    "$program" ${options[$target]} -set_cover_merge=1 -use_counters=0 "$least" "$corpus" "$found/corpus" \
        >"$found/merge.log" 2>&1 || {
        tail -n 20 "$found/merge.log"
        return 1
    }
    find "$corpus" -type f -regextype posix-egrep -regex '.*/[0-9a-f]{40}' -delete
    mv "$least"/* "$corpus"
    rmdir "$least"
    echo "fuzz: $target: $(find "$corpus" -type f | wc -l) inputs, $(du -sb --apparent-size "$corpus" | cut -f1) bytes"
}

fuzz() {
    local target=$1 program=build/fuzz/bin/fuzz_$1 found=build/fuzz/found/$1 corpus=tests/fuzz/corpus/$1 input
    # shellcheck disable=SC2086
    "$program" ${options[$target]} -max_total_time="$seconds" -timeout=60 -print_final_stats=1 \
        -artifact_prefix="$found/" "$found/corpus" "$corpus" >"$found/log" 2>&1 && {
        echo "fuzz: $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$found/log") inputs run," \
            "coverage $(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$found/log" | tail -n 1), nothing failed"
        return
    }
    tail -n 60 "$found/log"
    input=$(sed -n 's/.*Test unit written to //p' "$found/log" | tail -n 1)
    echo "fuzz: $target: FAILED; all output is in $found/log"
    if [[ -n $input ]]; then
        echo "fuzz: the input is $input; again:"
        echo "    ASAN_OPTIONS=$ASAN_OPTIONS $program $input"
        echo "    build/release/bin/replay_$target --print $input"
    fi
    return 1
}

if $build; then
    cmake --preset fuzz >/dev/null && cmake --build --preset fuzz || exit
fi
status=0
for target in "${targets[@]}"; do
    mkdir -p "build/fuzz/found/$target/corpus"
    if $merge; then
        merge "$target" || status=1
    else
        fuzz "$target" || status=1
    fi
done
exit $status
