#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the sampling profiler costs, beside jemalloc's and heaptrack.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" profiling random_mixed larson -- "$@"
