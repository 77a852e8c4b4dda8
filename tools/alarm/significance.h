// SPDX-License-Identifier: MIT
// Whether a change is beyond chance, even if a gate allows it. As in rustc-perf, each figure is compared with
// its own past. A change is significant if it exceeds the figure's earlier variation.
#pragma once

#include "alarm/finding.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::alarm {

// Changes below this share are never significant. Counts are the same in every run, but any change of the
// start moves them a little. For example, 597 instructions are 0.03 % of a counted run of pairs-16.
inline constexpr double kLeastSpread = 0.002;

// Returns the largest usual change: the upper quartile of `recorded` plus three times the distance between
// its quartiles. `recorded` has half widths of A/A intervals of the library. Returns nothing if it is empty.
std::optional<double> usual_spread(std::vector<double> recorded);

// Sets `spread` and `change` of each judged finding, except those of the coarse gate and of the anchor.
// `history` has the usual spread by "benchmark, figure". `now` has this run's noise, for figures without one.
void mark_significant(Findings& findings, const std::map<std::string, double>& history,
                      const std::map<std::string, double>& now);

// Summarizes all significant changes: "improved", "regressed", "mixed" or "no significant change".
std::string change_of(const Findings& findings);

} // namespace ashlar::alarm
