// SPDX-License-Identifier: MIT
// One number for many.
#pragma once

#include <span>
#include <vector>

namespace ashlar::statistics {

// The middle value, or the mean of the two in the middle. Not a number for no values.
double median(std::span<const double> values);

// The value below which the share `probability` of the values lies, interpolated between neighbours as R's
// type 7 and NumPy do. `sorted` is in ascending order. Not a number for no values.
double quantile(std::span<const double> sorted, double probability);

// Of positive values. Not a number for no values.
double geometric_mean(std::span<const double> values);

} // namespace ashlar::statistics
