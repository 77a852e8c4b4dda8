#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Throughput and resident memory of a run a hundred times as long.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" long_run random_mixed -- "$@"
