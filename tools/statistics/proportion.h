// SPDX-License-Identifier: MIT
// Wilson's 95 % interval of a probability, from counted trials. It is sensible even without any failure.
#pragma once

#include "statistics/bootstrap.h"

#include <algorithm>
#include <cmath>

namespace ashlar::statistics {

// Returns the interval from 0 to 1 if there were no trials.
inline Interval proportion_interval(double successes, double trials) {
    if (trials == 0) {
        return {.low = 0, .high = 1};
    }
    constexpr double kDeviations = 1.959963984540054; // two-sided 95 % quantile of a normal distribution
    constexpr double kSquare = kDeviations * kDeviations;
    const double share = successes / trials;
    const double middle = (share + kSquare / (2 * trials)) / (1 + kSquare / trials);
    const double half = kDeviations / (1 + kSquare / trials) *
                        std::sqrt(share * (1 - share) / trials + kSquare / (4 * trials * trials));
    return {.low = std::max(0.0, middle - half), .high = std::min(1.0, middle + half)};
}

} // namespace ashlar::statistics
