// SPDX-License-Identifier: MIT
// How well the thread caches served a program, from its recording. Refills and calls of the fallback are
// counted; requests are sampled.
#pragma once

#include "profile/estimate.h"
#include "profile/recording.h"
#include "profile/views.h"

#include <cstdint>
#include <optional>

namespace ashlar::profile {

inline constexpr std::uint64_t kLargestCached = 32 << 10; // bytes; larger blocks bypass the caches

// Figures for the time between the first and the last row of the ledger.
struct CacheFigures {
    double seconds = 0;
    Figure requests{};       // for blocks of kLargestCached or less
    Figure all_requests{};   // of every size
    bool is_counted = false; // `requests` was counted (setting count:true)
    std::uint64_t refills = 0;
    std::optional<double> refill_seconds{}; // sum over all threads; measured with count:true only
    std::uint64_t fallback_calls = 0;

    // Return the share of requests that found a block in the thread cache, or nothing without requests. They
    // are estimates unless is_counted.
    std::optional<statistics::Interval> hit_interval() const;
    std::optional<double> hit_rate() const;
    double fallback_rate() const;
};

// Returns nothing if the recording has no such counters: it is from an older library or another program.
std::optional<CacheFigures> cache_figures(const Recording& recording);

} // namespace ashlar::profile
