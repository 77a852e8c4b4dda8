#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Finds the commit that tripped a gate. Builds commits between a good and a bad one in a work tree of its own. On the
# library of each it measures a benchmark or runs a command. See docs/bisect.md; --help names the options.
#
# usage: scripts/bisect.sh GOOD BAD BENCH [option...]
#        scripts/bisect.sh GOOD BAD [option...] -- COMMAND [argument...]
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/bisect/find_commit.py" "$@"
