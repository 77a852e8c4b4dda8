// SPDX-License-Identifier: MIT
// Failed runs in words: each reason once, with all its rounds.
#pragma once

#include "compare/experiment.h"

#include <string>
#include <vector>

namespace ashlar::report {

// Returns "larson, 2 threads under jemalloc, warm-up, round 1, round 2: timed out", in the order of
// occurrence. Omits the configuration's name if there is only one.
std::vector<std::string> failures(const compare::Experiment& experiment);

// Returns the reasons and last output if System could run no configuration, so that there is nothing to
// compare. Otherwise returns an empty string.
std::string why_nothing(const compare::Experiment& experiment);

} // namespace ashlar::report
