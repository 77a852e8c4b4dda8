#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Peak resident memory of python3 and sqlite3, against System.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" peak_rss -- "$@"
