// SPDX-License-Identifier: MIT
// The line through noisy points by Theil and Sen. Its slope is the median of the slopes between all pairs of
// points, so a few outliers do not move the line.
#pragma once

#include <span>

namespace ashlar::statistics {

struct Point {
    double x;
    double y;
};

struct Line {
    double slope = 0;
    double start = 0; // at x = 0

    double at(double x) const { return start + slope * x; }
};

// Returns NaN for slope and start if all points have the same x.
Line theil_sen(std::span<const Point> points);

} // namespace ashlar::statistics
