// SPDX-License-Identifier: MIT
// The verdict on a ratio to the reference. A difference needs two facts: the interval of the ratio excludes
// 1, and the difference exceeds the smallest visible one. The first fact alone would report the machine's own
// noise as a difference: one time in twenty, and more often on a busy machine.
#pragma once

#include "statistics/bootstrap.h"

#include <algorithm>

namespace ashlar::statistics {

enum class Verdict { kHigher, kLower, kNoMeasurableDifference };

// Returns the smallest difference that can be seen. Smaller ones are within half the interval, or within the
// noise of the reference against itself.
inline double smallest_visible(const Interval& interval, const Interval& noise) {
    return std::max({interval.half_width(), noise.high - 1, 1 - noise.low});
}

inline Verdict judge(double ratio, const Interval& interval, const Interval& noise) {
    const double visible = smallest_visible(interval, noise);
    if (interval.low > 1 && ratio - 1 > visible) return Verdict::kHigher;
    return interval.high < 1 && 1 - ratio > visible ? Verdict::kLower : Verdict::kNoMeasurableDifference;
}

} // namespace ashlar::statistics
