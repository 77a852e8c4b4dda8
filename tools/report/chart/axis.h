// SPDX-License-Identifier: MIT
// The marks of an axis of ratios, with words below them that do not touch.
#pragma once

#include "report/chart/scale.h"

namespace ashlar::report::chart {

// At most `most`, or fewer where their words (letters of `letter` pixels) would not fit on this length.
std::vector<double> fitting_ratio_ticks(Range range, int most, Range pixels, double letter);

} // namespace ashlar::report::chart
