#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Whether Ashlar has become slower or larger than the commit in bench/alarm/reference.json. Builds the release tree, then
# runs `ashlar alarm` there, alone. Its report stands in build/release/alarm.json and alarm.xml (JUnit) as well.
#
# usage: scripts/alarm.sh [--no-setup]
#
# Status 0: no figure is worse, or only some could not be judged on this machine (they are named). 1: one is worse, or
# better and not recorded. 2: the alarm could not run.
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

# A shallow clone may lack the reference, and a tree without git has none at all: nothing can be judged there.
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
