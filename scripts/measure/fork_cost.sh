#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A fork and the end of its child in a process with thousands of threads, against System.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" fork_cost ashlar_hardened fork_cost -- "$@"
