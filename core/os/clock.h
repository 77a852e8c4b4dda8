// SPDX-License-Identifier: MIT
//
// Clocks that are cheap to look at: one a few milliseconds coarse, one that counts ticks.
#pragma once

#include <cstdint>
#include <ctime>

namespace ashlar::os {

std::uint64_t
coarse_milliseconds(); // since some fixed moment; monotonic; no system call where there is a vDSO

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
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
#endif
}

} // namespace ashlar::os
