// SPDX-License-Identifier: MIT
// The test by Mann and Whitney: whether two unpaired sets of values come from the same distribution. It
// compares ranks only. A run that took ten times as long therefore weighs no more than the slowest run.
#pragma once

#include <span>

namespace ashlar::statistics {

struct MannWhitney {
    double u; // pairs in which the first set's value is larger; equal values count half
    double p; // probability that two sets of one distribution are at least this far apart, either way
};

// Computes p exactly for small sets without equal values. Otherwise it uses the normal distribution,
// corrected for equal values and for continuity. p is 1 if a set is empty.
MannWhitney mann_whitney(std::span<const double> first, std::span<const double> second);

} // namespace ashlar::statistics
