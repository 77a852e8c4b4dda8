#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds the release library and writes the golden file of its fast paths. Budgets still apply.
#
# usage: scripts/update_golden.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/test.sh --no-setup --configure-only --preset release >/dev/null
cmake --build build/release -j 2 --target ashlar_shared
python3 tests/checks/fast_path.py --update build/release/lib/libashlar.so
git --no-pager diff --stat -- tests/checks/golden
