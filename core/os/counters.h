// SPDX-License-Identifier: MIT
//
// What happened in this process so far, as far as the layers note it. These are system calls and other rare
// events only, so that one shared line is no burden. In a forked child they go on from the parent's.
//
// The order of the counters is that of struct ashlar_event_counters, which other processes read.
#pragma once

#include <atomic>
#include <cstdint>

namespace ashlar::os {

struct alignas(64) Counters {
    std::atomic<std::uint64_t> purges{0};
    std::atomic<std::uint64_t> purged_bytes{0};
    std::atomic<std::uint64_t> growths{0};
    std::atomic<std::uint64_t> fallback_calls{0};
    std::atomic<std::uint64_t> break_ups{0}; // not read from outside
};

[[gnu::visibility("hidden")]] extern constinit Counters counters;

inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t more = 1) {
    counter.fetch_add(more, std::memory_order_relaxed);
}

} // namespace ashlar::os
