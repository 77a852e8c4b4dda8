#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Many operations of the stress programs' model on libashlar.so: a thousand million with 1, 2, 8 and 64 threads.
#
# usage: scripts/soak_model.sh [OPERATIONS] [THREADS...]
#
# Small blocks are stamped as a whole, of larger ones both ends and a word every 64 KiB, and one in 32 as a whole.
# A run that fails prints its seed, one that hangs the stacks of its threads, and ends the script with status 1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

operations=${1:-1000000000}
threads=("${@:2}")
[[ ${#threads[@]} -eq 0 ]] && threads=(1 2 8 64)

cmake --preset release >/dev/null
cmake --build build/release --target model ashlar_shared
for count in "${threads[@]}"; do
    LD_PRELOAD=$PWD/build/release/lib/libashlar.so build/release/bin/model --expect-ashlar --no-shadow \
        --whole-every 32 --operations "$operations" --threads "$count" || exit 1
done
