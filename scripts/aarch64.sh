#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds the libraries, the unit tests and the contract tests for aarch64 with Debian's cross compiler (preset
# `aarch64`). Runs the tests with qemu-user. tests/not_emulated.txt lists the tests that qemu-user cannot run, with
# reasons.
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
cmake --build build/aarch64 -j 2
python3 -B tests/checks/fast_path.py build/aarch64/lib/libashlar.so
ctest --test-dir build/aarch64 -j 2 --timeout 300 --output-on-failure --no-tests=error
