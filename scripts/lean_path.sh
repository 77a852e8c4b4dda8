#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Fills a folder with links to only the commands that a bare Debian has after scripts/setup.sh. With this folder as
# PATH, other software on this machine cannot hide a package that the list of setup.sh lacks.
#
# usage: scripts/lean_path.sh FOLDER [COMMAND...]      and these commands, from PATH
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=${1:?"usage: scripts/lean_path.sh FOLDER [COMMAND...]"}
extra=("${@:2}")
packages=(apt git)
while read -r package command; do
    if dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -q '^installed$'; then
        packages+=("$package")
    else
        extra+=("$command")  # which replaces the package
    fi
done < <(scripts/setup.sh --list)
mapfile -t -O "${#packages[@]}" packages < <(
    dpkg-query -W -f '${Package} ${Essential} ${Priority}\n' | awk '$2 == "yes" || $3 == "required" { print $1 }')

# Adds all dependencies. A file of a package may have several names, such as /usr/bin/awk.
mapfile -t packages < <(
    apt-cache depends --recurse --installed --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
        --no-enhances "${packages[@]}" | sed -n 's/^\([a-z0-9][^ :]*\)\(:.*\)\?$/\1/p' | sort -u)
declare -A owned=()
while IFS= read -r file; do
    owned[$file]=yes
done < <(dpkg-query -L "${packages[@]}" 2>/dev/null | grep -E '/s?bin/|/lib/|/libexec/' | xargs -d '\n' realpath -q -- | sort -u)

mkdir -p "$folder"
for path in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
    while IFS= read -r file && IFS= read -r real <&3; do
        name=${file##*/}
        if [[ -n ${owned[$real]-} && ! -e $folder/$name ]]; then
            ln -s "$file" "$folder/$name"
        fi
    done < <(find -H "$path" -mindepth 1 -maxdepth 1 ! -type d | sort) \
        3< <(find -H "$path" -mindepth 1 -maxdepth 1 ! -type d | sort | xargs -r -d '\n' realpath -m --)
done
for command in "${extra[@]}"; do
    found=$(type -P "$command") || continue
    [[ -e $folder/${found##*/} ]] || ln -s "$found" "$folder/${found##*/}"
done
