#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# exports.sh <libashlar.so> <ashlar.h>: inspects the library as the loader sees it. It exports exactly the names of
# exports.txt without a version, and the functions of the header in version ASHLAR_1. It needs only the C library.
# Thread-local storage fits into the loader's reserve for libraries opened late. The flags are those of a preloaded
# allocator.
set -euo pipefail
export LC_ALL=C

library=$1
header=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

complain() {
    echo "contract.exports: $*" >&2
    failures=$((failures + 1))
}

# same <what> <wanted> <found>: compares two sorted files.
same() {
    if ! diff "$2" "$3" >"$work/difference"; then
        complain "$1 ('<' is missing, '>' is too much):"
        cat "$work/difference" >&2
    fi
}

for tool in nm readelf; do
    command -v "$tool" >/dev/null || { complain "$tool is missing: run scripts/setup.sh"; exit 1; }
done

# Excludes type A, the name of the version node.
nm -D --defined-only --format=posix "$library" | awk '$2 != "A" { print $1 }' | sort >"$work/exported"

grep -v '^#' "$here/exports.txt" | sort >"$work/unversioned.wanted"
[[ $(wc -l <"$work/unversioned.wanted") -eq 48 ]] || complain "exports.txt should hold 48 names"
grep -v '@' "$work/exported" >"$work/unversioned.found" || true
same "names without a version" "$work/unversioned.wanted" "$work/unversioned.found"

# Lists every function of the header.
grep -o '\bashlar_[a-z_]*(' "$header" | tr -d '(' | sort -u >"$work/header"
sed 's/$/@@ASHLAR_1/' "$work/header" | sort >"$work/versioned.wanted"
grep '@' "$work/exported" >"$work/versioned.found" || true
same "names with a version" "$work/versioned.wanted" "$work/versioned.found"

if grep -E '^(str|mem(cpy|set|move)|realpath|pthread_|dl|__cxa|_ZSt|_ZN)' "$work/exported" >&2; then
    complain "names above belong to others"
fi

# Nothing of libstdc++ may be needed. The two functions that new may call are weak.
nm -D --undefined-only --format=posix "$library" | cut -d' ' -f1,2 >"$work/undefined"
if grep -E '^_Z.* U$' "$work/undefined" >&2; then complain "C++ names above are needed and not weak"; fi
for name in _ZSt15get_new_handlerv _ZSt17__throw_bad_allocv; do
    if grep -q "^$name U" "$work/undefined"; then complain "$name is not weak"; fi
done

readelf -dW "$library" >"$work/dynamic"
sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$work/dynamic" >"$work/needed.found"
echo libc.so.6 >"$work/needed.wanted"
same "libraries needed" "$work/needed.wanted" "$work/needed.found"
sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p' "$work/dynamic" >"$work/soname.found"
# libashlar.so.0.1.0 gives libashlar.so.0
basename "$(realpath "$library")" | sed 's/\(\.so\.[0-9]*\)\..*/\1/' >"$work/soname.wanted"
same "name of the library" "$work/soname.wanted" "$work/soname.found"
[[ -e ${library%/*}/$(cat "$work/soname.found") ]] || complain "there is no file of that name beside it"

flags=$(sed -n 's/.*(FLAGS_1).*Flags: //p; s/.*(FLAGS) *//p' "$work/dynamic" | tr '\n' ' ')
for flag in NOW NODELETE BIND_NOW; do
    [[ " $flags " == *" $flag "* ]] || complain "flag $flag is missing (found: $flags)"
done
if grep -q TEXTREL "$work/dynamic"; then complain "the code has to be relocated"; fi

readelf -lW "$library" >"$work/segments"
grep -q GNU_RELRO "$work/segments" || complain "no segment GNU_RELRO"
if grep GNU_STACK "$work/segments" | grep -q RWE; then complain "the stack is executable"; fi
most=$((1536 - 1))
tls=$(awk '$1 == "TLS" { print $6 }' "$work/segments")
if [[ -n $tls ]] && ((tls > most)); then
    complain "$((tls)) bytes of static thread-local storage, at most $most"
fi

if ((failures > 0)); then exit 1; fi
echo "$(wc -l <"$work/unversioned.found") names without a version," \
    "$(wc -l <"$work/versioned.found") with one, $((${tls:-0})) bytes of thread-local storage"
