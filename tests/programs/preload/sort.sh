# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# sort with two threads, in memory and with merges from files.
needs=(sort awk cksum)
witnesses=(sort)

exercise() {
    awk 'BEGIN {
        x = 42
        for (i = 0; i < 250000; i++) {
            x = (x * 1103515245 + 12345) % 2147483648
            printf "%d %s line%d\n", x, substr("abcdefghijklmnopqrstuvwxyz", 1 + x % 20, 6), x % 5000
        }
    }' >lines
    sort --parallel=2 lines | cksum
    sort --parallel=2 -n -r lines | cksum
    sort --parallel=2 -k2,2 -k1,1n -s lines | cksum
    sort --parallel=2 -u -k3,3V lines | cksum
    sort --parallel=2 -S 2M --batch-size=4 lines | cksum
    sort --parallel=2 -c lines 2>&1 || echo "status $?"
}
