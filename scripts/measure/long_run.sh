#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Throughput and resident memory of a run a hundred times as long.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
"$here/build.sh" ashlar_shared random_mixed -- "$@"
exec python3 "$here/long_run.py" "$@"
