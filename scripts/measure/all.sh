#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# All measurements of this folder one after the other, about an hour. The status is 0 if every target is met.
set -uo pipefail
failed=0
for name in start_up instructions peak_rss threads_rss fork_cost long_run hangs memory profiling lock_profiling; do
    printf '== %s\n' "$name"
    "$(dirname "${BASH_SOURCE[0]}")/$name.sh" "$@" || failed=1
done
exit "$failed"
