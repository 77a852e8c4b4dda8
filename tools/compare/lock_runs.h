// SPDX-License-Identifier: MIT
// What runs of lock scenarios say: the figures of each configuration under each allocator, and red flags in
// words. Pure functions of the samples.
#pragma once

#include "compare/experiment.h"

#include <optional>
#include <string>
#include <vector>

namespace ashlar::compare {

// Of one configuration under one contender. Medians of the runs that count, but for what is said otherwise.
struct LockRow {
    int runs = 0;
    double seconds = 0;
    double operations = 0;
    double throughput = 0;
    double mean_wait_us = 0;
    double longest_wait_us = 0; // of all runs
    double contentions = 0;
    double time_outs = 0;
    double errors = 0; // of all runs, also of those that failed
    double peak_rss_kib = 0;
};

LockRow lock_row(const Experiment& experiment, std::size_t configuration, std::size_t contender);

// The contender that runs the same allocator without a profiler; nothing for one that has none itself.
std::optional<std::size_t> without_profiler(const Plan& plan, std::size_t contender);

// The share of the throughput that is left with profiling: the median of the ratios within the rounds.
std::optional<double> throughput_kept(const Experiment& experiment, std::size_t configuration,
                                      std::size_t contender);

// Thresholds. docs/locks.md states them.
inline constexpr double kLikelyDeadlockShare = 0.5;    // of a run's duration is the mean time to acquire
inline constexpr double kLikelyDeadlockLeast = 10'000; // and it is longer than this, in microseconds
inline constexpr double kMostTimeOuts = 3;             // for each operation
inline constexpr double kContradiction = 3;            // the fastest run against the slowest
inline constexpr double kMostProfilingLoss = 0.2;      // of the throughput

// One sentence each, with the names of the configuration and the allocator.
std::vector<std::string> lock_red_flags(const Experiment& experiment);

} // namespace ashlar::compare
