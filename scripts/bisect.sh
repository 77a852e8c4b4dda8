#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Finds the commit that made a gate fail. Builds commits between a good and a bad one in a separate work tree. Measures
# a benchmark, or runs a command, on the library of each commit. See docs/bisect.md; --help lists the options.
#
# usage: scripts/bisect.sh GOOD BAD BENCH [option...]
#        scripts/bisect.sh GOOD BAD [option...] -- COMMAND [argument...]
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/bisect/find_commit.py" "$@"
