# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# cmake configures and builds a small project, with compilers, generator and build tool below it.
needs=(cmake ninja gcc g++)
witnesses=(cmake ninja cc1 cc1plus)

exercise() {
    cp -r "$SAMPLES/project" source
    cmake -S source -B tree -G Ninja -DCMAKE_BUILD_TYPE=Release | sed 's/ done (.*/ done/'
    cmake --build tree -j2 >build.log
    tail -n 1 build.log
    tree/greeter
    cmake -P source/lists.cmake 2>&1
    # Excludes files with times.
    (cd tree && find . -name '*.ninja' -o -name CMakeCache.txt | sort | xargs cksum)
}
