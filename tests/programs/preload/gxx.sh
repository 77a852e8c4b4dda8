# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# g++ compiles a C++ file that pulls in much of the standard library; the results are compared bit by bit.
needs=(g++)
witnesses=('*g++*' cc1plus as collect2 'ld*')

exercise() {
    cp "$SAMPLES/words.cc" .
    g++ -std=c++20 -O1 -pipe -Wall -Wextra -S -o words.s words.cc
    g++ -c -o words.o words.s
    g++ -o words words.o -pthread
    cksum words.s words.o words
    ./words <words.cc
    if g++ -std=c++20 -fsyntax-only -x c++ - <<<'#include <vector>
        std::vector<int> broken = std::vector<std::vector<int>>(3).no_such_member<char>();' 2>messages; then
        echo "compiled what is broken"
    fi
    cat messages
}
