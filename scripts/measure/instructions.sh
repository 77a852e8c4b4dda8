#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Instructions of a million allocations and releases, against mimalloc and the others.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" instructions random_mixed -- "$@"
