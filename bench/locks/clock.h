// SPDX-License-Identifier: MIT
// Measures and spends time for the scenarios.
#pragma once

#include <cerrno>
#include <cstdint>
#include <ctime>

namespace bench::locks {

inline std::uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

inline timespec timespec_of(std::uint64_t nanoseconds) {
    return {.tv_sec = static_cast<time_t>(nanoseconds / 1'000'000'000),
            .tv_nsec = static_cast<long>(nanoseconds % 1'000'000'000)};
}

// Spends time. Computes for less than 100 us, like code between lock and unlock. Sleeps for longer times,
// like code that waits for a disk or another machine.
inline void spend(std::uint64_t microseconds) {
    constexpr std::uint64_t kSleepFrom = 100;
    if (microseconds == 0) {
        return;
    }
    const std::uint64_t end = now_ns() + microseconds * 1000;
    if (microseconds < kSleepFrom) {
        while (now_ns() < end) {
        }
        return;
    }
    const timespec deadline = timespec_of(end);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) == EINTR) {
    }
}

} // namespace bench::locks
