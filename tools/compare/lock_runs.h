// SPDX-License-Identifier: MIT
// Evaluates runs of lock scenarios: the figures of each configuration under each allocator, and red flags in
// words. Pure functions of the samples.
#pragma once

#include "compare/experiment.h"

#include <optional>
#include <string>
#include <vector>

namespace ashlar::compare {

// One configuration under one contender. Unless noted, members are medians of the runs that count.
struct LockRow {
    int runs = 0;
    double seconds = 0;
    double operations = 0;
    double throughput = 0;
    double mean_wait_us = 0;
    double longest_wait_us = 0; // maximum of all runs
    double contentions = 0;
    double time_outs = 0;
    double errors = 0; // sum of all runs, failed ones included
    double peak_rss_kib = 0;
};

LockRow lock_row(const Experiment& experiment, std::size_t configuration, std::size_t contender);

// Returns the contender with the same allocator and no profiler. Returns nothing for one without profiler.
std::optional<std::size_t> without_profiler(const Plan& plan, std::size_t contender);

// Returns the share of throughput that remains with profiling: the median of the ratios within the rounds.
std::optional<double> throughput_kept(const Experiment& experiment, std::size_t configuration,
                                      std::size_t contender);

// Thresholds. docs/locks.md states them.
inline constexpr double kLikelyDeadlockShare = 0.5;    // mean time to acquire as a share of a run's duration
inline constexpr double kLikelyDeadlockLeast = 10'000; // least mean time to acquire, in microseconds
inline constexpr double kMostTimeOuts = 3;             // per operation
inline constexpr double kContradiction = 3;            // fastest run divided by the slowest
inline constexpr double kMostProfilingLoss = 0.2;      // share of the throughput

// Returns one sentence per flag, with the names of the configuration and the allocator.
std::vector<std::string> lock_red_flags(const Experiment& experiment);

} // namespace ashlar::compare
