#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Looks for sentences that are too long (tests/checks/sentences.py), which takes a few seconds. Then runs clang-tidy on
# the allocator and the benchmark programs as compiled by clang (build/clang). Fails if either finds anything.
# clang-tidy takes six times as long on the tools, whose libraries are headers, and the static analyzer as long again.
# --all includes both, each night.
#
# usage: scripts/lint.sh [-j N] [--all] [part of a path...]
#
#   --all            core, bench and tools, and the static analyzer on all of them
#   part of a path   of core, bench and tools only sources whose path contains one of the parts
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

jobs=2
checks=(--checks=-clang-analyzer-*)
folders=(core/ bench/)
while [[ ${1-} == -* ]]; do
    case $1 in
        -j) jobs=${2:?-j needs a number}; shift ;;
        --all) checks=() folders=(core/ bench/ tools/) ;;
        *) echo "lint: unknown option $1" >&2; exit 2 ;;
    esac
    shift
done
python3 -B tests/checks/sentences.py .
[[ $# -eq 0 ]] || folders=(core/ bench/ tools/)
[[ -e build/clang/build.ninja ]] || scripts/test.sh --configure-only --preset clang

sources=()
while IFS= read -r file; do
    for part in "${@:-/}"; do
        if [[ $file == *"$part"* ]]; then
            sources+=("$file")
            break
        fi
    done
done < <(python3 - "${folders[@]}" <<'PYTHON'
import json, os, sys
root = os.getcwd()
for entry in json.load(open("build/clang/compile_commands.json")):
    path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), root)
    if path.startswith(tuple(sys.argv[1:])):
        print(path)
PYTHON
)
mapfile -t sources < <(printf '%s\n' "${sources[@]}" | sort -u)
if [[ ${#sources[@]} -eq 0 || -z ${sources[0]} ]]; then
    echo "lint: no sources to look at" >&2
    exit 1
fi
start=$SECONDS
# Drops clang-tidy's count of suppressed warnings per file from stderr. Errors are kept.
printf '%s\n' "${sources[@]}" | xargs -r -d '\n' -P "$jobs" -n 1 clang-tidy-14 --quiet -p build/clang "${checks[@]}" \
    2> >(grep -v ' warnings\? generated\.$' >&2)
echo "lint: ${#sources[@]} sources in $((SECONDS - start)) s, nothing found"
