#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Micro-benchmarks of single operations under every allocator, one Google Benchmark JSON file for each; --help tells
# what can be chosen.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" micro micro -- "$@"
