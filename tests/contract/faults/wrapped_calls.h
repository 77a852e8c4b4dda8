// SPDX-License-Identifier: MIT
//
// Replaces system functions by --wrap (see CMakeLists.txt). The linker directs every call in this program's
// objects, the static library's included, to __wrap_NAME, which asks the injector. All system calls of the
// library are one such function (os/system_call.h). System calls of the C library's malloc never fail here.
// The program also supplies the clock for decay. Each reading is 1 ms later, so a trace always makes the same
// calls.
#pragma once

#include <cstdint>

namespace faults {

// Returns the number of fallback blocks that the library holds.
std::int64_t fallback_blocks();

} // namespace faults
