// SPDX-License-Identifier: MIT
//
// Clocks: a cheap one with a resolution of a few milliseconds, an exact one, and a tick counter.
#pragma once

#include <cstdint>

namespace ashlar::os {

// Returns milliseconds since the same moment as monotonic_time(). Makes no system call where there is a vDSO.
std::uint64_t coarse_milliseconds();

// Returns nanoseconds since a fixed moment.
std::uint64_t monotonic_time();

// Converts a number of ticks. The first call measures the tick rate, which takes 0.1 ms.
std::uint64_t nanoseconds(std::uint64_t ticks);

// Returns the processor's counter, which runs evenly at its own rate. Where Linux uses the counter for its
// clock, all processors agree. One instruction, which a process may forbid (PR_SET_TSC).
inline std::uint64_t ticks() {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    std::uint64_t now = 0;
    asm volatile("mrs %0, cntvct_el0" : "=r"(now));
    return now;
#else
    return monotonic_time();
#endif
}

} // namespace ashlar::os
