// SPDX-License-Identifier: MIT
// An axis of ratios: what it reaches over, and its marks, whose words do not touch.
#pragma once

#include "report/chart/scale.h"

namespace ashlar::report::chart {

struct RatioAxis {
    Range values;
    std::vector<double> ticks;

    Scale scale(Range pixels) const { return {Scale::Kind::kLogarithmic, values, pixels}; }
};

// At most `most` marks, or fewer where their words (letters of `letter` pixels) would not fit on this length.
RatioAxis ratio_axis(Range values, int most, Range pixels, double letter);

} // namespace ashlar::report::chart
