# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# Java under three collectors in a small heap. Java objects do not use malloc. Compilers, collectors, classes, direct
# buffers, compression and child processes do.
needs=(java javac)
optional="scripts/setup.sh --programs"
witnesses=(java javac)

exercise() {
    local collector
    javac -d classes "$SAMPLES/Load.java"
    for collector in Serial Parallel G1; do
        MALLOC_ARENA_MAX=4 java -Xmx96m -XX:+Use${collector}GC -XX:-UsePerfData -cp classes Load
    done
}
