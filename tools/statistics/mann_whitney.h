// SPDX-License-Identifier: MIT
// Whether two sets of values come from the same distribution that have nothing to do with each other, no
// round in common. The test by Mann and Whitney looks at ranks only. So one run that took ten times as long
// counts as one that was the slowest.
#pragma once

#include <span>

namespace ashlar::statistics {

struct MannWhitney {
    double u; // in how many pairs the first one's value is the larger; equal ones count half
    double p; // how often two sets of one distribution are at least as far apart, in either direction
};

// Exact for small sets without equal values, else by the normal distribution, with the corrections for equal
// values and for continuity. p is 1 if a set is empty.
MannWhitney mann_whitney(std::span<const double> first, std::span<const double> second);

} // namespace ashlar::statistics
