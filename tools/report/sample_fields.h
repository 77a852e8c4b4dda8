// SPDX-License-Identifier: MIT
// The names of a sample's figures in JSON, shared by writer and reader.
#pragma once

#include "compare/experiment.h"

namespace ashlar::report {

// Calls visit(name, value) for each field that every sample has. `Sample` is compare::Sample, const or not.
template <typename Sample, typename Visit>
void visit_sample(Sample& sample, const Visit& visit) {
    auto& usage = sample.run.usage;
    visit("configuration", sample.configuration);
    visit("contender", sample.contender);
    visit("round", sample.round); // 0 is the warm-up
    visit("position", sample.position);
    visit("bout", sample.bout);
    visit("wall_seconds", usage.wall_seconds);
    visit("user_seconds", usage.user_seconds);
    visit("system_seconds", usage.system_seconds);
    visit("peak_rss_kib", usage.peak_rss_kib);
    visit("minor_faults", usage.minor_faults);
    visit("major_faults", usage.major_faults);
    visit("voluntary_switches", usage.voluntary_switches);
    visit("involuntary_switches", usage.involuntary_switches);
    visit("stolen_seconds", usage.stolen_seconds);
}

// Calls visit(name, value) for each figure that a command may print. `value` is a std::optional<double>.
template <typename Figures, typename Visit>
void visit_figures(Figures& figures, const Visit& visit) {
    visit("throughput", figures.throughput);
    visit("rss_per_live", figures.rss_per_live);
    visit("throughput_drift_percent", figures.throughput_drift);
    visit("rss_drift_percent", figures.rss_drift);
    visit("own_figure", figures.own);
    for (std::size_t index = 0; index < compare::kLatencyNames.size(); ++index) {
        visit(compare::kLatencyNames[index], figures.latencies[index]);
    }
    constexpr std::array kLockKeys{"duration_seconds", "operations", "mean_wait_us", "longest_wait_us",
                                   "contentions",      "time_outs",  "errors_found"};
    static_assert(kLockKeys.size() == compare::kLockFigureNames.size());
    for (std::size_t index = 0; index < kLockKeys.size(); ++index) {
        visit(kLockKeys[index], figures.locks[index]);
    }
}

} // namespace ashlar::report
