// SPDX-License-Identifier: MIT
// Runs that failed, in words: each reason once, with all the rounds that it came up in.
#pragma once

#include "compare/experiment.h"

#include <string>
#include <vector>

namespace ashlar::report {

// "larson, 2 threads under jemalloc, warm-up, round 1, round 2: timed out", in the order in which they came
// up. Without the configuration's name where there is one only.
std::vector<std::string> failures(const compare::Experiment& experiment);

// Why there is nothing to show, if System could run no configuration: reason and last words of each. Else
// empty.
std::string why_nothing(const compare::Experiment& experiment);

} // namespace ashlar::report
