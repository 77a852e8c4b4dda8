# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# gcc compiles, assembles and links a C file in several ways; the results are compared bit by bit.
needs=(gcc)
witnesses=('*gcc*' cc1 as collect2 'ld*')

exercise() {
    cp "$SAMPLES/json.c" .
    local options
    for options in -O0 "-O2 -g" "-O3 -funroll-loops" "-Os -fanalyzer"; do
        # shellcheck disable=SC2086 # several options
        gcc -std=c17 -Wall -Wextra $options -S -o json.s json.c
        # shellcheck disable=SC2086
        gcc -std=c17 -Wall -Wextra $options -pipe -c -o json.o json.c
        gcc -o json json.o
        echo "$options"
        cksum json.s json.o json
        ./json '{"a": [1, 2, {"b": "text"}], "c": null, "d": [true, false, -1.5e3]}'
    done
    if gcc -std=c17 -DBROKEN -c -o broken.o json.c 2>messages; then echo "compiled what is broken"; fi
    cat messages
}
