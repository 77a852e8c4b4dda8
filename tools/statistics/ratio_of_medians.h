// SPDX-License-Identifier: MIT
// How much larger one sample is than another that is not paired with it. It is the ratio of their medians,
// and the interval in which it lies. Both samples are drawn anew, each by itself, as in
// statistics/bootstrap.h.
#pragma once

#include "statistics/bootstrap.h"

namespace ashlar::statistics {

// Unbounded if either sample has fewer than kFewestForInterval values, or nothing above zero to divide by.
Interval ratio_of_medians_interval(std::span<const double> above, std::span<const double> below,
                                   const BootstrapSettings& settings = {});

} // namespace ashlar::statistics
