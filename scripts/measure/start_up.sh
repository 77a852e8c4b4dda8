#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# CPU and private dirty memory of a process that does nothing, against System.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
"$here/build.sh" ashlar_shared -- "$@"
exec python3 "$here/start_up.py" "$@"
