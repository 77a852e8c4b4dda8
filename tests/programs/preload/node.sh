# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# node: a heap that grows and shrinks, buffers, compression, and worker threads that hand data over.
needs=(node)
witnesses=(node)

exercise() {
    node "$SAMPLES/load.js"
    node --max-old-space-size=64 -e 'const a = []; for (let i = 0; i < 1e5; i++) a.push("x".repeat(i % 100));
        console.log(a.length, a.join("").length)'
}
