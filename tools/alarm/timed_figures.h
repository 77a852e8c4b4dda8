// SPDX-License-Identifier: MIT
// Figures of a benchmark's timed runs, by contender: the reference, the present library, the reference again.
#pragma once

#include "alarm/benchmark.h"
#include "alarm/gates.h"
#include "alarm/hypothesis.h"
#include "compare/rounds.h"

#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace ashlar::alarm {

inline constexpr std::size_t kReference = compare::kReference;
inline constexpr std::size_t kPresent = 1;
inline constexpr std::size_t kReferenceAgain = 2;
inline constexpr std::array kContenders{kReference, kPresent, kReferenceAgain};
inline constexpr const char* kCpu = "CPU seconds an operation";
inline constexpr const char* kWall = "wall seconds an operation";
inline constexpr const char* kPeakRss = "peak RSS in KiB";
inline constexpr const char* kIdle = "seconds off the processor, a thread";
using Figure = double (*)(const compare::Configuration&, const compare::Sample&);

double cpu_of(const compare::Configuration& configuration, const compare::Sample& sample);
double wall_of(const compare::Configuration& configuration, const compare::Sample& sample);
double peak_of(const compare::Configuration& configuration, const compare::Sample& sample);
double own_of(const compare::Configuration& configuration, const compare::Sample& sample);
double idle_of(const compare::Configuration& configuration, const compare::Sample& sample);

// Returns the figures of time by which a benchmark is judged, with their names.
std::vector<std::pair<const char*, Figure>> time_figures(const Benchmark& benchmark);

// Returns the values of all runs of these contenders that count.
std::vector<double> values(const compare::Experiment& experiment, std::size_t configuration,
                           const std::vector<std::size_t>& contenders, Figure figure);

// Returns ratios within rounds: the present library by the geometric mean of the reference's two runs, and
// the second of these by the first.
TimeSample time_sample(const compare::Experiment& experiment, std::size_t configuration, Figure figure);

// Returns true if each contender has a run that ended well. Other runs may have failed.
bool can_be_judged(const compare::Experiment& experiment, std::size_t configuration);

// Returns the minimum of each counter over a contender's runs, or nothing if no run counts.
std::optional<KernelCounts> kernel_counts(const compare::Experiment& experiment, std::size_t configuration,
                                          std::size_t contender);

} // namespace ashlar::alarm
