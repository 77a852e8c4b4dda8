#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Do the two commands of the README work on a machine that has nothing? Makes a bare Debian 12 in a folder (debootstrap,
# git and nothing else added) and clones the last commit into it. There it runs, by chroot, scripts/run.sh --quick, the
# installation of what that built, `ashlar doctor` on every program of /usr/bin, and scripts/test.sh. Needs root; the
# packages come from where apt gets this machine's. Mounts live in a namespace of their own and end with it, as every
# process does.
#
# usage: scripts/fresh.sh [--folder PATH] [--keep] [what scripts/test.sh is to be given...]
#
#   --folder PATH   the folder (else a new one below $TMPDIR); one that is there already is used as it is
#   --keep          do not remove the folder; `scripts/fresh.sh --folder PATH` goes on with it
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

suite=bookworm
# Where apt gets this machine's packages of that release; else Debian's own server.
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' |
    sed -n "s/^$suite main //p" | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian}
proxy=$(apt-config dump --format '%v' Acquire::http::Proxy)

if [[ -z $folder ]]; then
    folder=$(mktemp -d -t ashlar-fresh.XXXXXX)
fi
$keep || trap 'rm -rf --one-file-system "$folder"' EXIT
if [[ ! -e $folder/usr/bin/git ]]; then
    say "making a Debian 12 in $folder from $mirror"
    log=$(mktemp)
    http_proxy=${proxy:-${http_proxy-}} debootstrap --variant=minbase --include=git "$suite" "$folder" "$mirror" \
        >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    rm -f "$log"
    # Proxies, and whether an archive may be older than it says.
    apt-config dump Acquire | grep -iE '::proxy|::check-' >"$folder/etc/apt/apt.conf.d/99host" || true
fi
rm -rf "$folder/ashlar"
git -c safe.directory='*' clone --quiet --no-local . "$folder/ashlar"

# inside <command...>: in the folder, with nothing of this machine's environment.
inside() {
    say "$*"
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child sh -c '
        folder=$1
        shift
        mount -t proc proc "$folder/proc" && mount -t sysfs -o ro sysfs "$folder/sys" &&
            mount -t tmpfs -o mode=1777 shm "$folder/dev/shm" &&
            mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$folder/dev/pts" || exit
        exec chroot "$folder" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
            sh -c "cd /ashlar && exec \"\$@\"" sh "$@"' sh "$folder" "$@" </dev/null
}

failures=()
attempt() { inside "$@" || failures+=("$*"); }
attempt scripts/run.sh --quick
attempt cmake --install build/release --prefix /tmp/installed
attempt /tmp/installed/bin/ashlar doctor -- true
attempt python3 tests/tools/every_program.py build/release/bin/ashlar
attempt scripts/test.sh "$@"

if [[ ${#failures[@]} -gt 0 ]]; then
    printf 'fresh: failed: %s\n' "${failures[@]}"
    exit 1
fi
say "passed in $SECONDS s"
