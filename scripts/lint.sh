#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs clang-tidy over core, bench and tools as clang compiles them (build/clang), and fails if it finds anything.
#
# usage: scripts/lint.sh [-j N] [part of a path...]      only sources whose path contains one of the parts
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

jobs=2
if [[ ${1-} == -j ]]; then
    jobs=$2
    shift 2
fi
[[ -e build/clang/build.ninja ]] || scripts/test.sh --configure-only --preset clang

sources=()
while IFS= read -r file; do
    for part in "${@:-/}"; do
        if [[ $file == *"$part"* ]]; then
            sources+=("$file")
            break
        fi
    done
done < <(python3 - <<'PYTHON'
import json, os
root = os.getcwd()
for entry in json.load(open("build/clang/compile_commands.json")):
    path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), root)
    if path.startswith(("core/", "bench/", "tools/")):
        print(path)
PYTHON
)
mapfile -t sources < <(printf '%s\n' "${sources[@]}" | sort -u)
if [[ ${#sources[@]} -eq 0 || -z ${sources[0]} ]]; then
    echo "lint: no sources to look at" >&2
    exit 1
fi
start=$SECONDS
# The count of suppressed warnings that clang-tidy prints per file on stderr says nothing; errors stay.
printf '%s\0' "${sources[@]}" |
    xargs -0 -P "$jobs" -n 1 clang-tidy-14 --quiet -p build/clang 2> >(grep -v ' warnings\? generated\.$' >&2)
echo "lint: ${#sources[@]} sources in $((SECONDS - start)) s, nothing found"
