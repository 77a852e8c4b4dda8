// SPDX-License-Identifier: MIT
#include "os/clock.h"

#include <atomic>
#include <ctime>

namespace ashlar::os {

std::uint64_t coarse_milliseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000000;
}

std::uint64_t monotonic_time() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

namespace {

constexpr unsigned kShift = 20; // bits behind the binary point of a rate

// Returns nanoseconds per tick, times 2^kShift. Each end is the closest of eight pairs of readings, so an
// interruption between two readings does no harm.
std::uint64_t measure_rate() {
    constexpr std::uint64_t kLong = 100'000; // nanoseconds to measure
    constexpr unsigned kMostLooks = 10'000;  // ends the loop if the clock stands still
    struct Moment {
        std::uint64_t ticks;
        std::uint64_t nanoseconds;
    };
    const auto look = [] {
        Moment best{};
        std::uint64_t least = ~std::uint64_t{0};
        for (unsigned i = 0; i < 8; ++i) {
            const std::uint64_t before = ticks();
            const std::uint64_t now = monotonic_time();
            const std::uint64_t apart = ticks() - before;
            if (apart < least) best = {before + apart / 2, now};
            least = apart < least ? apart : least;
        }
        return best;
    };
    const Moment start = look();
    Moment end = look();
    for (unsigned looks = 0; end.nanoseconds - start.nanoseconds < kLong && looks < kMostLooks; ++looks)
        end = look();
    const std::uint64_t passed = end.ticks - start.ticks;
    return passed == 0 ? 0 : ((end.nanoseconds - start.nanoseconds) << kShift) / passed;
}

} // namespace

std::uint64_t nanoseconds(std::uint64_t ticks) {
    static constinit std::atomic<std::uint64_t> rate{0};
    if (ticks == 0) return 0;
    std::uint64_t now = rate.load(std::memory_order_relaxed);
    if (now == 0) {
        now = measure_rate();
        rate.store(now, std::memory_order_relaxed);
    }
    // The split keeps years of ticks from overflowing.
    return (ticks >> kShift) * now + (((ticks & ((std::uint64_t{1} << kShift) - 1)) * now) >> kShift);
}

} // namespace ashlar::os
