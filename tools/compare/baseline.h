// SPDX-License-Identifier: MIT
// Compares an experiment with an earlier one of the same command, by ratios to System. Seconds are not
// comparable, because machines differ. System shows by how much.
#pragma once

#include "compare/experiment.h"
#include "compare/result.h"

#include <string>
#include <vector>

namespace ashlar::compare {

struct Drift {
    std::string configuration;
    std::string allocator;
    Metric metric = Metric::kCpu;
    double before = 1; // ratios to System
    double now = 1;
    bool is_worse = false; // the whole interval of `now` is worse by more than the allowed share
};

struct Drifts {
    std::vector<Drift> drifts;
    std::vector<std::string> missing; // "larson under jemalloc": the baseline has a figure, and this result
                                      // has none or too few runs
};

// Compares speed and peak RSS, for each allocator and configuration in both. `allowed` is a share: 0.05.
Drifts drifts(const Experiment& baseline, const Experiment& now, double allowed);

} // namespace ashlar::compare
