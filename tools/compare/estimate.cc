// SPDX-License-Identifier: MIT
#include "compare/estimate.h"

#include "compare/rounds.h"

#include <algorithm>

namespace ashlar::compare {

namespace {

// A run that took less than this, in seconds, was skipped. No process starts and ends that fast.
constexpr double kLeftOut = 1e-4;

} // namespace

Estimate::Estimate(const Plan& plan) {
    for (const Configuration& configuration : plan.configurations) {
        kinds_.push_back({.left = runs_of(plan, configuration)});
        runs_ += kinds_.back().left;
    }
}

void Estimate::took(std::size_t configuration, double seconds) {
    Kind& kind = kinds_.at(configuration);
    kind.left = std::max(0, kind.left - 1);
    if (seconds > kLeftOut) {
        ++kind.timed;
        kind.seconds += seconds;
    }
}

std::optional<double> Estimate::seconds_left() const {
    double seconds = 0;
    for (const Kind& kind : kinds_) {
        if (kind.left > 0 && kind.timed == 0) {
            return std::nullopt;
        }
        if (kind.left > 0) {
            seconds += kind.seconds / kind.timed * kind.left;
        }
    }
    return seconds;
}

} // namespace ashlar::compare
