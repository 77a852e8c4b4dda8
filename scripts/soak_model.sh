#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs the model of the stress programs on libashlar.so: 1,000 million operations with 1, 2, 8 and 64 threads.
#
# usage: scripts/soak_model.sh [OPERATIONS] [THREADS...]
#
# Small blocks are stamped as a whole. Of larger blocks, both ends and a word every 64 KiB are stamped, and one block in
# 32 as a whole. A failing run prints its seed, and a hanging run the stacks of its threads. Either ends the script with
# status 1.
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
