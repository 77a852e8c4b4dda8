#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds the libraries and the unit tests for aarch64 with Debian's cross compiler (the preset `aarch64`), and runs the
# unit tests with qemu-user.
#
# usage: scripts/aarch64.sh [--no-setup]      do not look for missing packages
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

setup=true
case ${1-} in
    "") ;;
    --no-setup) setup=false ;;
    -h | --help) sed -n '3,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit ;;
    *) echo "aarch64: unknown option $1" >&2; exit 2 ;;
esac
if $setup; then scripts/setup.sh --aarch64; fi

cmake --preset aarch64 -DCMAKE_COMPILE_WARNING_AS_ERROR=ON
cmake --build build/aarch64 -j 2 --target ashlar_shared ashlar_hardened ashlar_locks unit_tests
# qemu runs one thread of a test after the other, so two tests at once.
ctest --test-dir build/aarch64 -j 2 --output-on-failure --no-tests=error -R '^unit:'
