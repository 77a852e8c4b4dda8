#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Resident memory of ten thousand live threads, against System.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" threads_rss live_threads -- "$@"
