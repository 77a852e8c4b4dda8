// SPDX-License-Identifier: MIT
// The ratio of the medians of two unpaired samples, as an interval. Each sample is redrawn by itself, as in
// statistics/bootstrap.h.
#pragma once

#include "statistics/bootstrap.h"

namespace ashlar::statistics {

// Returns an unbounded interval if either sample has fewer than kFewestForInterval values, or if a value of
// `below` is not positive.
Interval ratio_of_medians_interval(std::span<const double> above, std::span<const double> below,
                                   const BootstrapSettings& settings = {});

} // namespace ashlar::statistics
