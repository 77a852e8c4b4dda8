// SPDX-License-Identifier: MIT
// How far a median can be trusted: the percentile bootstrap. From the values, as many are drawn with
// replacement as there are, many times over. The interval holds the middle share of the medians of these
// draws. No assumption about the distribution of the noise is made, which on shared machines has a long tail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ashlar::statistics {

struct Interval {
    double low;
    double high;

    double half_width() const { return (high - low) / 2; }
    bool contains(double value) const { return low <= value && value <= high; }
};

struct BootstrapSettings {
    double confidence = 0.95;
    int resamples = 4000;
    std::uint64_t seed = 1; // the same seed and values give the same interval, on every platform
};

// With fewer values the draws are too much alike. From three, the interval of nothing but noise would leave
// out the truth one time in four. What is not known has no bounds, so for fewer than these it reaches from
// minus to plus infinity.
inline constexpr std::size_t kFewestForInterval = 5;

Interval median_interval(std::span<const double> values, const BootstrapSettings& settings = {});

} // namespace ashlar::statistics
