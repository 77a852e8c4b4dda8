// SPDX-License-Identifier: MIT
// How long the rest of a plan takes, by the runs so far of each configuration. A run counts with its
// preparation.
#pragma once

#include "compare/experiment.h"

#include <optional>
#include <vector>

namespace ashlar::compare {

class Estimate {
  public:
    explicit Estimate(const Plan& plan);

    // A run of that configuration is over, or was left out.
    void took(std::size_t configuration, double seconds);

    // Nothing before each configuration has run once.
    std::optional<double> seconds_left() const;

    int runs() const { return runs_; } // of the whole plan

  private:
    struct Kind {
        int left = 0;
        int timed = 0;
        double seconds = 0; // of those that were timed
    };
    std::vector<Kind> kinds_; // as configurations
    int runs_ = 0;
};

} // namespace ashlar::compare
