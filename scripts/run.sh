#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds Ashlar and compares it with the system's malloc and the other installed allocators.
#
# usage: scripts/run.sh [--quick] [options of `ashlar bench`]
#
#   scripts/run.sh                                  under ten minutes: the figures
#   scripts/run.sh --quick                          under two minutes: a look
#   scripts/run.sh --json results/today.json        keep all samples
#   scripts/run.sh random_mixed --sizes 64          one workload, one size
#   scripts/run.sh long_run --long-seconds 60       drift over a minute
#   scripts/run.sh --quick all                      a look at every workload, some minutes
#   scripts/run.sh latency batches                  workloads that do not run by default
#
# Without named workloads, runs Larson with 1, 2, 4 and 8 threads and random-mixed at 16 to 8192 bytes. Then follow
# phases that strand memory and a short long run. All allocators take turns in each round. Prints operations per second,
# peak RSS, CPU time, RSS / live and drift, each with its percentage of System. Accepts all options that
# `build/release/bin/ashlar bench --help` lists. scripts/measure/micro.sh measures single calls.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1-} in
-h | --help)
    sed -n '/^# usage/,/^set/{s/^# \{0,1\}//;/^set/!p}' "scripts/run.sh"
    exit
    ;;
esac

scripts/setup.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "run: building in build/release" >&2
if ! { cmake --preset release && cmake --build --preset release --target ashlar_product; } \
    >"$log" 2>&1; then
    cat "$log" >&2
    echo "run: the build failed, its output is above" >&2
    exit 1
fi
rm -f "$log"  # exec runs no trap
exec build/release/bin/ashlar bench "$@"
