// SPDX-License-Identifier: MIT
// Estimates the remaining time of a plan from the past runs of each configuration, preparation included.
#pragma once

#include "compare/experiment.h"

#include <optional>
#include <vector>

namespace ashlar::compare {

class Estimate {
  public:
    explicit Estimate(const Plan& plan);

    // Notes that a run of the configuration has ended or was skipped.
    void took(std::size_t configuration, double seconds);

    // Returns nothing before each configuration has run once.
    std::optional<double> seconds_left() const;

    int runs() const { return runs_; } // of the whole plan

  private:
    struct Kind {
        int left = 0;
        int timed = 0;
        double seconds = 0; // of the timed runs
    };
    std::vector<Kind> kinds_; // by configuration
    int runs_ = 0;
};

} // namespace ashlar::compare
