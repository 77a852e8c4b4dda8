#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Instructions of a million allocations and releases, against mimalloc and the others.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
"$here/build.sh" ashlar_shared random_mixed -- "$@"
exec python3 "$here/instructions.py" "$@"
