#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Hundreds of short runs of larson and the fork storm, none of which may hang or fail.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" hangs larson fork_storm -- "$@"
