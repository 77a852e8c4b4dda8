// SPDX-License-Identifier: MIT
// What a ratio to the reference says. A difference is one only if two things hold. The interval of the ratio
// leaves 1, and the ratio lies outside the interval in which the reference's ratio to itself was found. The
// first alone would take what the machine does by itself for a difference. That would be one time in twenty,
// and more often on a busy machine.
#pragma once

#include "statistics/bootstrap.h"

#include <algorithm>

namespace ashlar::statistics {

enum class Verdict { kHigher, kLower, kNoMeasurableDifference };

inline Verdict judge(double ratio, const Interval& interval, const Interval& noise) {
    if (interval.low > 1 && ratio > noise.high) {
        return Verdict::kHigher;
    }
    return interval.high < 1 && ratio < noise.low ? Verdict::kLower : Verdict::kNoMeasurableDifference;
}

// Differences below this share could not have been seen.
inline double smallest_visible(const Interval& interval, const Interval& noise) {
    return std::max({interval.half_width(), noise.high - 1, 1 - noise.low});
}

} // namespace ashlar::statistics
