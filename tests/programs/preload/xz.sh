# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# xz with two threads: compresses, lists, tests and restores.
needs=(xz seq cksum cmp)
witnesses=(xz)

exercise() {
    seq 1 1000000 >numbers
    xz -T2 -2 --block-size=2MiB -k numbers
    xz --robot --list numbers.xz
    cksum numbers.xz
    xz -T2 -t numbers.xz
    xz -T2 -dc numbers.xz | cmp - numbers
    xz -T2 -0 -c numbers | xz -dc | cksum
    head -c 100000 numbers | xz -9e | xz -dc | cksum
    head -c 1000000 numbers.xz | xz -dc 2>/dev/null | wc -c || true
}
