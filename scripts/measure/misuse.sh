#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What comes of fifty thousand wrong uses of the heap under each allocator: reported, crashed, corrupted, harmless, hung.
# Prints a table by kind; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" misuse misuse_inputs -- "$@"
