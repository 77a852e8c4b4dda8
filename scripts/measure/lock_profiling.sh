#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the lock profiler costs two servers: redis with threads for its connections, and PostgreSQL.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" lock_profiling ashlar_locks -- "$@"
