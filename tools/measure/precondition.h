// SPDX-License-Identifier: MIT
// What ashlar-precondition.so is told, and what it tells. It ages the heap of a program before main. Both
// sides are built together, so the records are plain structures.
#pragma once

#include <cstdint>

namespace ashlar::measure {

inline constexpr const char* kPreconditionLibrary = "ashlar-precondition.so";

// MIB:FILE, how much to allocate and where to append a record.
inline constexpr const char* kPreconditionVariable = "ASHLAR_PRECONDITION";

// Of one process.
struct PreconditionRecord {
    std::int64_t start; // nanoseconds of the monotonic clock
    std::int64_t end;
    std::int64_t user_microseconds;
    std::int64_t system_microseconds;
    std::int64_t minor_faults;
    std::int64_t major_faults;
    std::uint64_t allocated; // bytes; fewer than asked for if malloc refused
};

} // namespace ashlar::measure
