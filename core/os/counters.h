// SPDX-License-Identifier: MIT
//
// Counts of system calls and other rare events in this process. They are rare enough to share one cache line.
// A forked child continues its parent's counts.
//
// Other processes read the counters in the order of struct ashlar_event_counters.
#pragma once

#include <atomic>
#include <cstdint>

namespace ashlar::os {

struct alignas(64) Counters {
    std::atomic<std::uint64_t> purges{0};
    std::atomic<std::uint64_t> purged_bytes{0};
    std::atomic<std::uint64_t> growths{0};
    std::atomic<std::uint64_t> fallback_calls{0};
    std::atomic<std::uint64_t> break_ups{0}; // not read by other processes
};

[[gnu::visibility("hidden")]] extern constinit Counters counters;

inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t more = 1) {
    counter.fetch_add(more, std::memory_order_relaxed);
}

} // namespace ashlar::os
