#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds in build/release what a measurement needs, unless its arguments choose another tree or ask for help.
#
# usage: scripts/measure/build.sh TARGET... -- [argument of the measurement...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

targets=()
while [[ $1 != -- ]]; do
    targets+=("$1")
    shift
done
for argument in "$@"; do
    case $argument in --tree | --tree=* | -h | --help) exit 0 ;; esac
done
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake --preset release && cmake --build build/release -j 2 --target "${targets[@]}"; } >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
