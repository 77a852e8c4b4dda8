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

// Returns the share of whole runs in which the time gate or the memory gate would raise an alarm. Draws each
// run from `controls` with replacement. Leaves out exact counts, which are always the same, and the coarse
// gate, which is far from any noise.
double false_alarm_share(const Controls& controls, int draws, std::uint64_t seed);

} // namespace ashlar::alarm
