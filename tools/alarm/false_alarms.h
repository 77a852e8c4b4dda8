// SPDX-License-Identifier: MIT
// Estimates how often the gates report a difference between two runs of the same library.
#pragma once

#include <cstdint>
#include <vector>

namespace ashlar::alarm {

// Figures of the reference against itself.
struct Controls {
    std::vector<std::vector<double>> ratios; // A/A ratios of time, for each judged figure
    std::vector<double> thresholds;          // of `ratios`
    std::vector<std::vector<double>> memory; // of both runs of the reference in each round, for each figure
};

// Returns the share of runs of the alarm in which the time or memory gate fails. Draws each run from
// `controls` with replacement. Exact counts never vary, and the coarse gate is far from any noise.
double false_alarm_share(const Controls& controls, int draws, std::uint64_t seed);

} // namespace ashlar::alarm
