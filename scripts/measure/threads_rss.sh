#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Resident memory of ten thousand live threads, against System.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
"$here/build.sh" ashlar_shared live_threads -- "$@"
exec python3 "$here/threads_rss.py" "$@"
