# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# This project's library, built in parallel by processes that run on it: the objects and the library are compared bit by
# bit.
needs=(cmake ninja g++)
optional="scripts/setup.sh"
witnesses=(cmake ninja cc1plus as 'ld*')

exercise() {
    local source
    source=$(cd "$SAMPLES/../../.." && pwd)
    cmake -S "$source" -B tree -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER_LAUNCHER= \
        -DASHLAR_BUILD_TESTS=OFF -DASHLAR_BUILD_BENCH=OFF -DASHLAR_BUILD_TOOLS=OFF >configure.log
    cmake --build tree -j 4 --target ashlar_shared >build.log || cat build.log
    (cd tree && find . -name '*.o' -o -name '*.so' | sort | xargs cksum)
}
