#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# runner.sh <libashlar.so> <libwitness.so> <program.sh>
#
# Runs a program file twice, under System and with the library preloaded, and compares standard output and exit status
# byte for byte. A program file sets
#   needs       the commands it calls, which must be installed
#   witnesses   the processes that must have run on the library, as patterns of their names
#   exercise    a function that does the work, in an empty directory; the files of ../samples are in $SAMPLES
# A bash on the library runs it. Its output must not depend on time or process numbers. It may set
#   optional    the command that installs what it needs, on machines that should have it; skipped elsewhere
#   own_malloc  processes that have and use their own malloc, as patterns of their names
set -euo pipefail

library=$1
witness=$2
program=$3
here=$(cd "$(dirname "$0")" && pwd)
name=$(basename "$program" .sh)

work=$(mktemp -d "${TMPDIR:-/tmp}/preload-$name.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
    echo "preload.$name: $1" >&2
    exit 1
}

# like <name> <pattern...>: succeeds if the name matches a pattern.
like() {
    local name=$1 pattern
    for pattern in "${@:2}"; do
        # shellcheck disable=SC2053 # a pattern on purpose
        if [[ $name == $pattern ]]; then return 0; fi
    done
    return 1
}

# shellcheck source=/dev/null
source "$program"
: "${needs:?}" "${witnesses:?}"
for command in "${needs[@]}"; do
    if command -v "$command" >/dev/null || [[ $command == /* && -e $command ]]; then continue; fi
    [[ -n ${optional-} ]] || fail "$command is missing: run scripts/setup.sh"
    echo "skipped: $command is missing; $optional installs it"
    exit 77
done

# perform <label> <LD_PRELOAD>: writes <label>.output, .errors, .status and .witness. Both runs see the same paths.
perform() {
    local label=$1 preload=$2 status=0
    rm -rf "$work/place"
    mkdir -p "$work/place/home"
    touch "$work/$label.witness"
    # shellcheck disable=SC2016 # for the inner bash to expand
    (
        cd "$work/place"
        exec env -u BASH_ENV HOME="$work/place/home" LC_ALL=C TZ=UTC SAMPLES="$here/../samples" \
            PRELOAD_WITNESS="$work/$label.witness" LD_PRELOAD="$preload" \
            bash -euo pipefail -c 'source "$1"; exercise' "$name" "$program"
    ) >"$work/$label.output" 2>"$work/$label.errors" </dev/null || status=$?
    echo "$status" >"$work/$label.status"
}

show() {
    echo "--- stderr under $1, exit status $(cat "$work/$1.status")"
    tail -n 40 "$work/$1.errors"
}

perform system "$witness"
perform ashlar "$library:$witness"

if [[ $(cat "$work/system.status") != 0 ]]; then
    show system >&2
    fail "fails under System already"
fi
if ! cmp -s "$work/system.status" "$work/ashlar.status"; then
    show ashlar >&2
    fail "ends differently than under System"
fi
if ! diff "$work/system.output" "$work/ashlar.output" >"$work/difference"; then
    head -n 60 "$work/difference" >&2
    show ashlar >&2
    fail "writes something else than under System ('<' System, '>' Ashlar)"
fi
[[ -s $work/system.output ]] || fail "writes nothing, so there is nothing to compare"

if grep -E '^ashlar:|ld\.so: ' "$work/ashlar.errors" >&2; then fail "the lines above are on stderr"; fi
strangers=()
seen=()
while read -r line; do
    process=${line% *}
    if [[ ${line##* } == ashlar ]]; then
        seen+=("$process")
    elif ! like "$process" "${own_malloc[@]-}"; then
        strangers+=("$process")
    fi
done <"$work/ashlar.witness"
if [[ ${#strangers[@]} -gt 0 ]]; then
    printf '%s\n' "${strangers[@]}" | sort | uniq -c >&2
    fail "the processes above did not run on the library"
fi
for pattern in "${witnesses[@]}"; do
    found=no
    for process in "${seen[@]-}"; do
        if like "$process" "$pattern"; then found=yes; fi
    done
    [[ $found == yes ]] || fail "no process like $pattern ran on the library"
done
if grep -q ' ashlar$' "$work/system.witness"; then fail "the run under System was on the library too"; fi

echo "$(wc -l <"$work/ashlar.output") lines alike, ${#seen[@]} processes on the library"
if [[ -n ${own_malloc-} ]]; then
    echo "beside it, on a malloc of their own:"
    grep -v ' ashlar$' "$work/ashlar.witness" | sort | uniq -c
fi
