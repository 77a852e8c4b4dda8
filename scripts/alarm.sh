#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Checks whether Ashlar has become slower or larger than the commit in bench/alarm/reference.json. Builds the release
# tree and runs `ashlar alarm` there, with no other job beside it. The report is also in build/release/alarm.json and
# alarm.xml (JUnit).
#
# usage: scripts/alarm.sh [--no-setup]
#
# Status 0: no figure is worse. Figures that this machine cannot judge are named. Status 1: a figure is worse, or better
# and not recorded. Status 2: the alarm could not run.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

if [[ ${1-} == --no-setup ]]; then
    shift
else
    scripts/setup.sh || exit 2
fi
if [[ $# -gt 0 ]]; then
    echo "alarm: unknown option $1" >&2
    exit 2
fi

# Without the reference commit nothing can be judged. A shallow clone or a tree without git may lack it.
commit=$(sed -n 's/^  "commit": "\([0-9a-f]*\)",$/\1/p' bench/alarm/reference.json | head -1)
if [[ -z $commit ]]; then
    echo "alarm: bench/alarm/reference.json names no commit; 'ashlar alarm --update --anchor --why ...' writes it" >&2
    exit 2
fi
if ! git cat-file -e "$commit^{commit}" 2>/dev/null; then
    echo "alarm: NOT JUDGED: this tree has no commit $commit to compare with; in a shallow clone: git fetch --unshallow"
    exit 0
fi

{ cmake --preset release && cmake --build build/release -j 2; } >/dev/null || exit 2
rm -f build/release/alarm.json build/release/alarm.xml
ctest --test-dir build/release -C alarm -L '^alarm$' --verbose --no-tests=error | sed -n 's/^[0-9]*: //p'
status=${PIPESTATUS[0]}
[[ $status -eq 0 ]] || exit 1
