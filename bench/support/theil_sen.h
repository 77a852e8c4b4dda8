// SPDX-License-Identifier: MIT
// Fits a Theil-Sen line to noisy values. Its slope is the median of the slopes between all pairs. A few
// outliers, which are frequent on a shared machine, do not move the line.
#pragma once

#include "support/mapped_array.h"

#include <algorithm>
#include <cstddef>
#include <span>

namespace bench {

struct Line {
    double slope;
    double start; // the line's value at the first value
};

// Returns the median, and reorders `values`. There is at least one value.
inline double take_median(std::span<double> values) {
    const auto upper = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), upper, values.end());
    return values.size() % 2 == 1 ? *upper : (*std::max_element(values.begin(), upper) + *upper) / 2;
}

// Fits values at 0, 1, 2 and so on. There are at least two values.
inline Line theil_sen(std::span<const double> values) {
    const std::size_t count = values.size();
    MappedArray<double> slopes(count * (count - 1) / 2);
    double* next = slopes.data();
    for (std::size_t right = 1; right < count; ++right) {
        for (std::size_t left = 0; left < right; ++left) {
            *next++ = (values[right] - values[left]) / static_cast<double>(right - left);
        }
    }
    const double slope = take_median({slopes.data(), slopes.size()});
    MappedArray<double> starts(count);
    for (std::size_t at = 0; at < count; ++at) {
        starts[at] = values[at] - slope * static_cast<double>(at);
    }
    return {.slope = slope, .start = take_median({starts.data(), starts.size()})};
}

// Returns the line's rise from the second value to the last, in percent of its start. Omits the first value,
// because a program that has just started is still warming up. There are at least three values.
inline double drift_percent(std::span<const double> values) {
    const auto settled = values.subspan(1);
    const Line line = theil_sen(settled);
    return 100 * line.slope * static_cast<double>(settled.size() - 1) / line.start;
}

} // namespace bench
