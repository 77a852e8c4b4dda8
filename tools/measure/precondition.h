// SPDX-License-Identifier: MIT
// The input and the records of ashlar-precondition.so, which ages the heap of a program before main. Both
// sides are built together, so the records are plain structures.
#pragma once

#include <cstdint>

namespace ashlar::measure {

inline constexpr const char* kPreconditionLibrary = "ashlar-precondition.so";

// MIB:FILE, the amount to allocate and the file for the record.
inline constexpr const char* kPreconditionVariable = "ASHLAR_PRECONDITION";

// The record of one process.
struct PreconditionRecord {
    std::int64_t start; // nanoseconds of the monotonic clock
    std::int64_t end;
    std::int64_t user_microseconds;
    std::int64_t system_microseconds;
    std::int64_t minor_faults;
    std::int64_t major_faults;
    std::uint64_t allocated; // bytes; less than requested if malloc failed
};

} // namespace ashlar::measure
