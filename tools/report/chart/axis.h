// SPDX-License-Identifier: MIT
// An axis of ratios: its range, and ticks whose labels do not touch.
#pragma once

#include "report/chart/scale.h"

namespace ashlar::report::chart {

struct RatioAxis {
    Range values;
    std::vector<double> ticks;

    Scale scale(Range pixels) const { return {Scale::Kind::kLogarithmic, values, pixels}; }
};

// Returns at most `most` ticks, or fewer if their labels (letters of `letter` pixels) would touch.
RatioAxis ratio_axis(Range values, int most, Range pixels, double letter);

} // namespace ashlar::report::chart
