// SPDX-License-Identifier: MIT
// Advises on one program: which allocator, if any, is worth a change. Pure functions of the result.
#pragma once

#include "compare/result.h"

namespace ashlar::compare {

// The standing of one contender against System. Speed and memory are judged separately.
struct Advice {
    Standing speed = Standing::kUnknown;
    Standing memory = Standing::kUnknown; // by peak RSS
    bool contradictory = false;           // faster by one metric and slower by another; counted as alike
};

// Returns nothing for a contender without figures of speed.
std::optional<Advice> advise(const Experiment& experiment, const Result& result, std::size_t configuration,
                             std::size_t contender);

// Returns the recommended contender: the fastest of those that are faster, else the leanest of those that are
// as fast and leaner. Returns nothing if there is neither.
std::optional<std::size_t> best_choice(const Experiment& experiment, const Result& result,
                                       std::size_t configuration);

// Returns the contender with the least memory of those that need measurably less than System, at any speed.
std::optional<std::size_t> leanest(const Experiment& experiment, const Result& result,
                                   std::size_t configuration);

// A change of the machine during the experiment. The test by Mann and Whitney compares System's values in the
// two halves of the rounds, and p is below 0.01.
struct Shift {
    double first_half; // median
    double second_half;
    double p;
};

std::optional<Shift> shift_of_system(const Experiment& experiment, std::size_t configuration, Metric metric);

} // namespace ashlar::compare
