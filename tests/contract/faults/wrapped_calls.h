// SPDX-License-Identifier: MIT
//
// The linker gives every call of these functions in this program's objects, the static library's among them,
// to __wrap_NAME. That asks the injector (--wrap, see CMakeLists.txt). The library's system calls are one
// such function (os/system_call.h). What the C library's malloc asks of the system never fails here. The
// clock that decay looks at is the program's own. Each look is a millisecond later, so that the calls of one
// trace are always the same.
#pragma once

#include <cstdint>

namespace faults {

// Blocks of the fallback that the library has and has not freed.
std::int64_t fallback_blocks();

} // namespace faults
