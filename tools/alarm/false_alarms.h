// SPDX-License-Identifier: MIT
// How often the gates would call two runs of one library different.
#pragma once

#include <cstdint>
#include <vector>

namespace ashlar::alarm {

// What the reference showed against itself.
struct Controls {
    std::vector<std::vector<double>> ratios; // A/A ratios of time, for each figure that was judged
    std::vector<double> thresholds;          // of these
    std::vector<std::vector<double>> memory; // of both runs of the reference in each round, for each figure
};

// Share of whole runs of the time gate and the memory gate that these, drawn with replacement, set off.
// Exact counts are the same in every run, and the coarse gate is far from any noise.
double false_alarm_share(const Controls& controls, int draws, std::uint64_t seed);

} // namespace ashlar::alarm
