// SPDX-License-Identifier: MIT
//
// Clocks: one a few milliseconds coarse, which is cheap to look at, one exact, one that counts ticks.
#pragma once

#include <cstdint>

namespace ashlar::os {

// Since the same moment as monotonic_time(). No system call where there is a vDSO.
std::uint64_t coarse_milliseconds();

// Nanoseconds since some fixed moment.
std::uint64_t monotonic_time();

// For what ticks() counted. The first call measures how fast they come, which takes a tenth of a millisecond.
std::uint64_t nanoseconds(std::uint64_t ticks);

// A counter of the processor's that runs evenly, at a rate of its own. Where Linux uses it for its own clock
// it is in step on all processors. One instruction, which a process may forbid (PR_SET_TSC).
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
