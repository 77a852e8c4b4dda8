#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Installs the missing packages for building, testing and measuring (Debian 12), and reports each step. If nothing is
# missing, asks dpkg once and returns. Installing needs root or sudo. Starts no service.
#
# usage: scripts/setup.sh [--programs] [--fresh] [--aarch64] [--check] [--list]
#
#   --programs   also the programs of the tests with the label `programs`, of `ashlar bench languages` and of
#                `ashlar bench programs`: servers, interpreters, compilers and browsers, about 1 GB
#   --fresh      also the packages for scripts/fresh.sh
#   --aarch64    also the packages for scripts/aarch64.sh
#   --check      only report missing packages; status 1 if there are any
#   --list       only print the packages, one per line, each with the command that can replace it
set -euo pipefail

check=false
programs=false
fresh=false
aarch64=false
list=false
for argument in "$@"; do
    case $argument in
        --check) check=true ;;
        --programs) programs=true ;;
        --fresh) fresh=true ;;
        --aarch64) aarch64=true ;;
        --list) list=true ;;
        *) echo "setup: unknown option $argument" >&2; exit 2 ;;
    esac
done

# Each line has a package, "|", a command on PATH that can replace the package (often none), "#" and the package's user.
packages() {
    cat <<'LIST'
g++                   |                # everything; brings libasan and libtsan
cmake                 |                # everything; preload tests
ninja-build           |                # the generator of every preset
patch                 | patch          # tests/concurrency/schedules: planted mistakes
clang-14              |                # second compiler that must give no warning; scripts/fuzz.sh
libclang-rt-14-dev    |                # scudo, a peer in measurements; libFuzzer and sanitizers for clang
clang-format-14       |                # scripts/format.sh
clang-tidy-14         |                # scripts/lint.sh
catch2                |                # tests/
libbenchmark-dev      |                # bench/micro
systemtap-sdt-dev     |                # core: sys/sdt.h for its probes; without it core has no probes
libnuma-dev           |                # tests of node placement; bench --node
libsqlite3-dev        |                # preload tests: a program linked with sqlite
libdw-dev             |                # tests/programs/unwind: another reader of frame descriptions; brings libelf
libcli11-dev          |                # tools: command lines
libfmt-dev            |                # tools: output
nlohmann-json3-dev    |                # tools: --json
libdw-dev             |                # ashlar profile: names of functions; brings libelf
libelf-dev            |                # ashlar profile
libiberty-dev         |                # ashlar profile: demangled names of C++ and Rust
libtomlplusplus-dev   |                # ashlar bench locks: scenarios.toml
libprotozero-dev      |                # ashlar profile --pprof
zlib1g-dev            |                # ashlar profile --pprof
libncurses-dev        |                # ashlar top
python3-jsonschema    |                # tests/programs/commands/schemas_test.py: docs/schemas
python3-protobuf      |                # tests of ashlar profile --pprof
npm                   | npm            # the flame graph in HTML reports, versions by a lock file; optional
libjemalloc2          |                # peer in measurements
libmimalloc2.0        |                # peer in measurements
libtcmalloc-minimal4  |                # peer in measurements
libtbbmalloc2         |                # peer in measurements
valgrind              | valgrind       # scripts/measure/instructions.sh; ashlar alarm
qemu-user             | qemu-x86_64    # ashlar alarm: a processor with nothing above the baseline; tests/programs/preload/mappings_test.py
gdb                   | gdb            # looking at a failed test
binutils              | objdump        # tests/checks: objdump, strings, readelf
git                   | git            # list of tracked files; preload tests
python3               | python3        # tests/checks, scripts/measure; preload tests
perl                  | perl           # preload tests
sqlite3               | sqlite3        # preload tests, scripts/measure/peak_rss.sh
redis-server          | redis-server   # preload tests
redis-tools           | redis-benchmark # preload tests
nodejs                | node           # preload tests
chromium              | chromium       # tests/programs/report: looks at the HTML report
xz-utils              | xz             # preload tests
tmux                  | tmux           # the test of ashlar top: a terminal
procps                | ps             # tests that look at processes
pkg-config            | pkg-config     # the test of an installed tree
man-db                | man            # the test of manual pages; brings groff
mandoc                | mandoc         # the test of manual pages: a stricter reader
zsh                   | zsh            # the test of completion
fish                  | fish           # the test of completion
strace                | strace         # ashlar alarm: system calls by kind; the test that readings cause none
libjemalloc-dev       | jeprof         # the test of ashlar profile --jeprof; brings jeprof
debuginfod            | debuginfod     # the test of names from a debuginfod server
libcap2-bin           | setcap         # the test of `ashlar doctor`: programs with capabilities
LIST
    if $fresh; then echo "debootstrap | debootstrap # scripts/bare_debian.sh"; fi
    if $aarch64; then
        cat <<'LIST'
g++-aarch64-linux-gnu | aarch64-linux-gnu-g++ # scripts/aarch64.sh
qemu-user-static      | qemu-aarch64-static   # scripts/aarch64.sh: static, so that LD_PRELOAD affects only the emulated program
LIST
    fi
    if ! $programs; then return; fi
    # For tests/programs/preload/optional, other tests with the label `programs`, and two commands of ashlar bench.
    cat <<'LIST'
golang-go             | go             # go tool pprof reads ashlar profile --pprof; ashlar bench languages
rustc                 | rustc          # ashlar bench languages
lua5.4                | lua5.4         # ashlar bench languages
imagemagick           |                # ashlar bench programs
libdevel-nytprof-perl |                # flamegraph.pl reads ashlar profile --flamegraph
heaptrack             | heaptrack      # ashlar profile reads its files
libpython3.11-testsuite |              # CPython's own tests
postgresql-15         |                # with pgbench and psql; also ashlar bench programs
memcached             | memcached      #
nginx-light           | nginx          #
wrk                   | wrk            # load for nginx
curl                  | curl           # client for nginx
php-cli               | php            #
ruby                  | ruby           # also ashlar bench languages
default-jdk-headless  | javac          # also ashlar bench languages
ghostscript           | gs             #
debootstrap           | debootstrap    # programs.packages
lintian               | lintian        # programs.packages; brings dpkg-dev, which packaging needs
gzip                  | gzip           # packaging
LIST
}

say() { printf 'setup: %s\n' "$*"; }

# Prints the packages that are neither installed nor replaced by a command on PATH.
missing_packages() {
    local names installed name command
    names=$(packages | cut -d' ' -f1)
    # Prints lines "name status". dpkg reports an unknown package on stderr.
    # shellcheck disable=SC2086
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $names 2>/dev/null || true)
    while IFS='|#' read -r name command _; do
        name=${name%% *}
        command=${command// /}
        case $'\n'$installed$'\n' in *$'\n'"$name installed"$'\n'*) continue ;; esac
        if [[ -n $command ]] && type -P "$command" >/dev/null; then continue; fi
        printf '%s\n' "$name"
    done < <(packages)
}

# Keeps services from starting while their packages are unpacked. invoke-rc.d and deb-systemd-invoke run this file,
# whose status 101 means "not allowed". A file that exists already is kept.
forbid_services() {
    policy=/usr/sbin/policy-rc.d
    [[ -e $policy ]] && return
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo -- "$@"; fi
}

install_packages() {
    local log
    log=$(mktemp)
    apt() {
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
            "$@" >"$log" 2>&1 </dev/null && return
        cat "$log" >&2
        say "'apt-get $1' failed, its output is above; to be installed were: ${missing[*]}" >&2
        exit 1
    }
    say "reading the package lists"
    apt update
    say "installing ${#missing[@]} packages and what they depend on; this can take some minutes"
    forbid_services
    apt install --yes --no-install-recommends "${missing[@]}"
    rm -f "$log"
    local service
    for service in redis-server:redis-server postgresql-15:postgresql memcached:memcached nginx-light:nginx; do
        if [[ " ${missing[*]} " == *" ${service%:*} "* ]] && type -P systemctl >/dev/null; then
            as_root systemctl --quiet disable "${service#*:}.service"
            say "${service#*:} is installed for the tests but neither started nor enabled"
        fi
    done
}

if $list; then
    packages | sed 's/ *#.*//; s/ *| */ /'
    exit
fi
if ! type -P dpkg-query apt-get >/dev/null; then
    say "this system has no dpkg and apt-get; install by hand what serves as Debian 12's:" >&2
    packages >&2
    exit 1
fi

mapfile -t missing < <(missing_packages)
[[ ${#missing[@]} -eq 0 ]] && exit 0
say "missing: ${missing[*]}"
$check && exit 1
if [[ $EUID -ne 0 ]] && ! type -P sudo >/dev/null; then
    say "installing them needs root, and there is no sudo here. As root, run:" >&2
    say "    apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi
install_packages

mapfile -t missing < <(missing_packages)
if [[ ${#missing[@]} -ne 0 ]]; then
    say "still missing after installing: ${missing[*]}" >&2
    exit 1
fi
say "done"
