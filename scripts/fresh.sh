#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Tests that the two commands of the README work on a bare machine. Makes a bare Debian 12 in a folder (debootstrap,
# with git only) and clones the last commit into it. Runs there by chroot: scripts/run.sh --quick, the installation of
# the build, `ashlar doctor` on every program of /usr/bin, and scripts/test.sh. Needs root.
#
# usage: scripts/fresh.sh [--folder PATH] [--keep] [arguments of scripts/test.sh...]
#
#   --folder PATH   the folder (else a new one below $TMPDIR); an existing one is used as it is
#   --keep          do not remove the folder; `scripts/fresh.sh --folder PATH` continues with it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=
keep=false
while [[ $# -gt 0 ]]; do
    case $1 in
        --folder) folder=${2:?--folder needs a path}; keep=true; shift ;;
        --keep) keep=true ;;
        -h | --help) sed -n '3,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit ;;
        *) break ;;
    esac
    shift
done

say() { printf 'fresh: %s\n' "$*"; }

if [[ $EUID -ne 0 ]]; then
    say "chroot needs root" >&2
    exit 2
fi
scripts/setup.sh --fresh

if [[ -z $folder ]]; then
    folder=$(mktemp -d -t ashlar-fresh.XXXXXX)
fi
$keep || trap 'rm -rf --one-file-system "$folder"' EXIT
if [[ ! -e $folder/usr/bin/git ]]; then
    scripts/bare_debian.sh make "$folder" git
fi
rm -rf "$folder/ashlar"
git -c safe.directory='*' clone --quiet --no-local . "$folder/ashlar"

# inside <command...>: runs the command in the clone in the folder.
inside() {
    say "$*"
    # shellcheck disable=SC2016
    scripts/bare_debian.sh run "$folder" sh -c 'cd /ashlar && exec "$@"' sh "$@"
}

failures=()
attempt() { inside "$@" || failures+=("$*"); }
attempt scripts/run.sh --quick
attempt cmake --install build/release --prefix /tmp/installed
attempt /tmp/installed/bin/ashlar doctor -- true
attempt python3 tests/programs/commands/every_program.py build/release/bin/ashlar
attempt scripts/test.sh "$@"

if [[ ${#failures[@]} -gt 0 ]]; then
    printf 'fresh: failed: %s\n' "${failures[@]}"
    exit 1
fi
say "passed in $SECONDS s"
