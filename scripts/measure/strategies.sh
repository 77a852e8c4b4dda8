#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What each of six ways to tune a program's memory gains and costs; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" strategies strings_and_maps batches thread_waves cross_frees mixed_lifetimes replace_large -- "$@"
