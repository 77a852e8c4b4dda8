#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Formats the tracked C and C++ files, or the files named, with clang-format 14.
#
# usage: scripts/format.sh [--check] [file...]      --check changes nothing and fails if a file would change
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=-i
if [[ ${1-} == --check ]]; then
    mode=(--dry-run -Werror)
    shift
fi
files=("$@")
if [[ ${#files[@]} -eq 0 ]]; then
    # safe.directory: the clone may belong to another user.
    mapfile -d '' -t files < <(git -c safe.directory='*' ls-files -z -- '*.h' '*.c' '*.cc')
fi
present=()
for file in "${files[@]}"; do
    [[ -e $file ]] && present+=("$file")
done
if [[ ${#present[@]} -eq 0 ]]; then
    echo "format: no files to look at" >&2
    exit 1
fi
printf '%s\0' "${present[@]}" | xargs -0 -P 2 -n 16 clang-format-14 --style=file "${mode[@]}"
echo "format: ${#present[@]} files"
