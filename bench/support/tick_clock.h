// SPDX-License-Identifier: MIT
// A clock for single calls of malloc, which take as long as a reading of most clocks. On x86-64 it is the
// processor's time-stamp counter, read in user mode. The counter must run at one rate in all states (the
// flags constant and nonstop). Otherwise, and on other processors, the clock is clock_gettime. In a virtual
// machine that may be a system call. The fence keeps instructions of the timed call from passing a reading.
#pragma once

#include <cstdint>
#include <ctime>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace bench {

inline std::uint64_t monotonic_nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

struct SystemTicks {
    static constexpr const char* kName = "clock_gettime";
    static std::uint64_t now() { return monotonic_nanoseconds(); }
};

#if defined(__x86_64__)
struct CounterTicks {
    static constexpr const char* kName = "time-stamp counter";

    static bool usable() {
        constexpr unsigned kPowerManagement = 0x80000007;
        constexpr unsigned kInvariant = 1U << 8; // bit of edx
        unsigned eax = 0;
        unsigned ebx = 0;
        unsigned ecx = 0;
        unsigned edx = 0;
        return __get_cpuid(kPowerManagement, &eax, &ebx, &ecx, &edx) != 0 && (edx & kInvariant) != 0;
    }

    static std::uint64_t now() {
        _mm_lfence();
        const std::uint64_t ticks = __rdtsc();
        _mm_lfence();
        return ticks;
    }
};
#endif

// Calls measure.operator()<Ticks>() with the best clock of this machine.
template <typename Measure>
void with_tick_clock(const Measure& measure) {
#if defined(__x86_64__)
    if (CounterTicks::usable()) {
        measure.template operator()<CounterTicks>();
        return;
    }
#endif
    measure.template operator()<SystemTicks>();
}

// The length of a tick. Compares both clocks between construction and the call: the longer, the more exact.
template <typename Ticks>
class TickRate {
  public:
    double nanoseconds_per_tick() const {
        const std::uint64_t ticks = Ticks::now() - ticks_;
        return static_cast<double>(monotonic_nanoseconds() - nanoseconds_) / static_cast<double>(ticks);
    }

  private:
    std::uint64_t nanoseconds_ = monotonic_nanoseconds();
    std::uint64_t ticks_ = Ticks::now();
};

// Returns 0 if `end` is not after `start`: on another processor the counter may be slightly behind.
constexpr std::uint64_t ticks_between(std::uint64_t start, std::uint64_t end) {
    return end > start ? end - start : 0;
}

} // namespace bench
