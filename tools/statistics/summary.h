// SPDX-License-Identifier: MIT
// Summaries of many values in one number.
#pragma once

#include <span>
#include <vector>

namespace ashlar::statistics {

// Returns the middle value, or the mean of the two in the middle. Returns NaN for no values.
double median(std::span<const double> values);

// Returns the value below which the share `probability` of the values lies. Interpolates between neighbours
// as R's type 7 and NumPy do. `sorted` is in ascending order. Returns NaN for no values.
double quantile(std::span<const double> sorted, double probability);

// Returns the geometric mean of positive values, or NaN for no values.
double geometric_mean(std::span<const double> values);

} // namespace ashlar::statistics
