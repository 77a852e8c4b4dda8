#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Time and memory of the workloads of bench/ under every allocator, and with --today LIBRARY against another build.
# Prints each figure, and beside its target PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" economy batches cross_frees drain fragmentation grow_vectors hand_over idle_threads large_batches larson long_run mixed_lifetimes page_map_scan phases_of_sizes producer_consumer production_sizes purge_pause random_mixed replace_large short_threads strings_and_maps successors swapped_batches thread_waves -- "$@"
