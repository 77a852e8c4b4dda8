// SPDX-License-Identifier: MIT
// What a ratio to the reference says.
#pragma once

#include "statistics/bootstrap.h"

namespace ashlar::statistics {

enum class Verdict { kHigher, kLower, kNoMeasurableDifference };

// A ratio whose interval reaches 1 shows nothing; differences below the interval's half width could not be
// seen.
inline Verdict judge(const Interval& ratio) {
    if (ratio.low > 1) {
        return Verdict::kHigher;
    }
    return ratio.high < 1 ? Verdict::kLower : Verdict::kNoMeasurableDifference;
}

} // namespace ashlar::statistics
