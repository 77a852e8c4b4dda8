#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# CPU and private dirty memory of a process that does nothing, against System.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" start_up -- "$@"
