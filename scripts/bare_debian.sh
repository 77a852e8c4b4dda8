#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Makes a Debian 12 in a folder, and runs commands in it. Needs root and debootstrap. Packages are from the server that
# apt uses on this machine.
#
# usage: scripts/bare_debian.sh make FOLDER [PACKAGE...]    the smallest system, and these packages
#        scripts/bare_debian.sh run FOLDER COMMAND...       by chroot, without this machine's environment
#
# A command runs in the folder's /. Mounts are in a separate namespace, which ends with the command, as do all
# processes.
set -euo pipefail

usage() {
    sed -n '3,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
    exit "$1"
}

make() {
    local folder=$1 suite=bookworm mirror proxy log
    shift
    # Takes apt's server for that release on this machine, or else Debian's own.
    # shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' |
        sed -n "s/^$suite main //p" | head -n 1)
    mirror=${mirror:-http://deb.debian.org/debian}
    proxy=$(apt-config dump --format '%v' Acquire::http::Proxy)
    echo "making a Debian 12 in $folder from $mirror"
    log=$(mktemp)
    http_proxy=${proxy:-${http_proxy-}} debootstrap --variant=minbase ${1:+"--include=$(IFS=,; echo "$*")"} "$suite" \
        "$folder" "$mirror" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    rm -f "$log"
    # Copies the proxies, and whether an archive may be older than it says.
    apt-config dump Acquire | grep -iE '::proxy|::check-' >"$folder/etc/apt/apt.conf.d/99host" || true
}

run() {
    # shellcheck disable=SC2016
    exec unshare --mount --pid --fork --kill-child sh -c '
        folder=$1
        shift
        mount -t proc proc "$folder/proc" && mount -t sysfs -o ro sysfs "$folder/sys" &&
            mount -t tmpfs -o mode=1777 shm "$folder/dev/shm" &&
            mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$folder/dev/pts" || exit
        exec chroot "$folder" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"' \
        sh "$@" </dev/null
}

[[ ${1-} == -h || ${1-} == --help ]] && usage 0
[[ $# -lt 2 ]] && usage 2 >&2
if [[ $EUID -ne 0 ]]; then
    echo "bare_debian: chroot needs root" >&2
    exit 2
fi
case $1 in
    make | run) "$@" ;;
    *) usage 2 >&2 ;;
esac
