#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the hardened library costs beside the default one, in CPU time, on random-mixed and Larson, and
# beside System with large blocks.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" hardened ashlar_hardened random_mixed larson replace_large hardened_floor -- "$@"
