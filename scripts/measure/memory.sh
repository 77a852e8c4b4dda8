#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Speed and resident memory of workloads that are about memory, against the others; names of criteria choose.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" memory replace_large replace_large_kernels hand_over successors thread_waves cross_frees fragmentation drain long_run -- "$@"
