// SPDX-License-Identifier: MIT
// The ratio of the medians of two unpaired samples, as a bootstrap interval. Each sample is redrawn by
// itself.
#pragma once

#include "statistics/bootstrap.h"

namespace ashlar::statistics {

// Returns an unbounded interval for fewer than kFewestForInterval values, or a divisor that is not positive.
Interval ratio_of_medians_interval(std::span<const double> above, std::span<const double> below,
                                   const BootstrapSettings& settings = {});

} // namespace ashlar::statistics
