// SPDX-License-Identifier: MIT
// How a comparison differs from an earlier one of the same command. Ratios to System are compared, never
// seconds: machines differ, and System shows by how much.
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
    bool is_worse = false; // by more than is allowed, the whole interval of `now` included
};

struct Drifts {
    std::vector<Drift> drifts;
    std::vector<std::string> missing; // "larson under jemalloc": the baseline has a figure, this result has
                                      // none, or of too few runs
};

// Of speed and peak RSS, for each allocator and configuration that both have. `allowed` is a share: 0.05.
Drifts drifts(const Experiment& baseline, const Experiment& now, double allowed);

} // namespace ashlar::compare
