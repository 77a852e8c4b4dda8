#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# planted_hang.sh <soak>
#
# A thread that stops for ever must end the run long before its time. Afterwards a file holds the stacks of all
# threads, and no process is left.
set -euo pipefail

work=$(mktemp -d "${TMPDIR:-/tmp}/planted-hang.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
    echo "planted hang: $1" >&2
    cat "$work/output" >&2
    exit 1
}

status=0
# A remaining process would hold the pipe open, and cat would wait for it.
TMPDIR=$work timeout 90 "$1" --seconds 600 --threads 3 --plant-hang --patience 2 2>&1 | cat >"$work/output" ||
    status=$?
[[ $status == 1 ]] || fail "status $status, not 1"
grep -q 'FAILED: soak: thread [0-9]* of process [0-9]* has made no progress for 2 s, in: checks' "$work/output" ||
    fail "does not name what hangs"
thread=$(sed -n 's/^FAILED: soak: thread \([0-9]*\) of.*/\1/p' "$work/output")
stacks=$(sed -n 's/^stacks of [1-9][0-9]* processes are in //p' "$work/output")
[[ -s $stacks ]] || fail "no stacks are saved"
grep -q "^thread $thread\$" "$stacks" || fail "the stacks lack the thread that hangs"
if type -P gdb >/dev/null && grep -q '^Thread ' "$stacks"; then
    grep -q 'hang_for_ever' "$stacks" || fail "the debugger's stacks lack the function that hangs"
fi
echo "noticed: $(grep -c '^thread ' "$stacks") stacks"
