// SPDX-License-Identifier: MIT
// Whether a change is more than chance, though a gate may still allow it. As rustc-perf does, each figure is
// measured by its own past. A change is significant if it is larger than what the figure varied by before.
#pragma once

#include "alarm/finding.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::alarm {

// Counts are the same in every run, but any change of the start moves them a little. 597 instructions are
// 0.03 % of a counted run of pairs-16. Less than this is never significant.
inline constexpr double kLeastSpread = 0.002;

// The largest change that is still usual: the upper quartile of what was recorded, and three times the
// distance between the quartiles. `recorded` are half widths of intervals of the library against itself.
// Nothing if nothing was recorded.
std::optional<double> usual_spread(std::vector<double> recorded);

// Sets `spread` and `change` of each finding that was judged, those of the coarse gate apart. `history` has
// the usual spread by "benchmark, figure"; `now` has this run's noise, for figures without a history.
void mark_significant(Findings& findings, const std::map<std::string, double>& history,
                      const std::map<std::string, double>& now);

// Of all significant changes: "improved", "regressed", "mixed" or "no significant change".
std::string change_of(const Findings& findings);

} // namespace ashlar::alarm
