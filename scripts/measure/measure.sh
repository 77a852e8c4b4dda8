#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the commands beside it have in common. Builds the library and the targets that the measurement needs in
# build/release, and starts it. Arguments may choose another tree or ask for help instead.
#
# usage: scripts/measure/measure.sh NAME [TARGET...] -- [argument of NAME.py...]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

name=$1
shift
targets=(ashlar_shared)
while [[ $1 != -- ]]; do
    targets+=("$1")
    shift
done
shift

build() {
    cd "$here/../.."
    cmake --preset release && cmake --build build/release -j 2 --target "${targets[@]}"
}
wanted=true
for argument in "$@"; do
    case $argument in --tree | --tree=* | -h | --help) wanted=false ;; esac
done
if $wanted; then
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    if ! (build) >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
    rm -f "$log" # exec runs no trap
fi
exec python3 "$here/$name.py" "$@"
