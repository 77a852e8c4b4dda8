// SPDX-License-Identifier: MIT
// What a ratio to the reference says. A difference is one only if two things hold. The interval of the ratio
// leaves 1, and the difference is larger than the smallest that could be seen. The first alone would take what
// the machine does by itself for a difference. That would be one time in twenty, and more often on a busy
// machine.
#pragma once

#include "statistics/bootstrap.h"

#include <algorithm>

namespace ashlar::statistics {

enum class Verdict { kHigher, kLower, kNoMeasurableDifference };

// Smaller differences could not be seen: half the interval is wider, or the reference against itself differs by
// as much.
inline double smallest_visible(const Interval& interval, const Interval& noise) {
    return std::max({interval.half_width(), noise.high - 1, 1 - noise.low});
}

inline Verdict judge(double ratio, const Interval& interval, const Interval& noise) {
    const double visible = smallest_visible(interval, noise);
    if (interval.low > 1 && ratio - 1 > visible) return Verdict::kHigher;
    return interval.high < 1 && 1 - ratio > visible ? Verdict::kLower : Verdict::kNoMeasurableDifference;
}

} // namespace ashlar::statistics
