// SPDX-License-Identifier: MIT
// The percentile bootstrap: how far a median can be trusted. Each draw takes as many values as there are,
// with replacement. The interval holds the middle share of the medians of all draws. The method assumes no
// distribution of the noise, which has a long tail on shared machines.
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
    std::uint64_t seed = 1; // the same seed and values give the same interval on every platform
};

// Fewest values that give a bounded interval. With fewer, the draws are too much alike. From three values of
// pure noise, the interval would miss the truth one time in four. Below this number it is unbounded.
inline constexpr std::size_t kFewestForInterval = 5;

Interval median_interval(std::span<const double> values, const BootstrapSettings& settings = {});

} // namespace ashlar::statistics
