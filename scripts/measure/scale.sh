#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Locks that a thousand calls of the workloads take, counted, and what that means on many processors.
# --help tells how it is counted and extrapolated.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" scale cross_frees swapped_batches thread_waves large_batches random_mixed \
    production_sizes hand_over mixed_lifetimes -- "$@"
