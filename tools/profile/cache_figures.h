// SPDX-License-Identifier: MIT
// How well the heap's thread caches served a program, by what its recording says: refills and calls of the
// fallback are counted, requests are sampled.
#pragma once

#include "profile/estimate.h"
#include "profile/recording.h"
#include "profile/views.h"

#include <cstdint>
#include <optional>

namespace ashlar::profile {

inline constexpr std::uint64_t kLargestCached = 32 << 10; // larger blocks do not go through the caches

// Of the time from the first to the last row of the ledger.
struct CacheFigures {
    double seconds = 0;
    Figure requests{};       // for blocks of kLargestCached or less
    Figure all_requests{};   // of the heap's, larger ones too
    bool is_counted = false; // requests are: with the setting count:true
    std::uint64_t refills = 0;
    std::optional<double> refill_seconds{}; // of all threads together; measured with count:true only
    std::uint64_t fallback_calls = 0;

    // Of requests, those that found a block in the thread's cache; nothing without requests. Estimates,
    // unless is_counted.
    std::optional<statistics::Interval> hit_interval() const;
    std::optional<double> hit_rate() const;
    double fallback_rate() const;
};

// Nothing if the recording does not say: of older libraries, and of other programs'.
std::optional<CacheFigures> cache_figures(const Recording& recording);

} // namespace ashlar::profile
