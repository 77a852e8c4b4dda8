// SPDX-License-Identifier: MIT
// Compiled with debug information in every build. traced.h has the lines of two calls.
#include "traced.h"

namespace traced {

namespace {

volatile int after_the_call = 0; // prevents a tail call in both functions

[[gnu::noinline]] const void* here() {
    return __builtin_return_address(0);
}

[[gnu::always_inline]] inline const void* inner() {

    const void* const address = here();
    after_the_call = 1;
    return address;
}

} // namespace

const void* outer() {
    const void* const address = inner();
    after_the_call = 2;
    return address;
}

} // namespace traced
