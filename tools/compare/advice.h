// SPDX-License-Identifier: MIT
// What to do about one program: which allocator, if any, is worth a change. Pure functions of the result.
#pragma once

#include "compare/result.h"

namespace ashlar::compare {

// Speed and memory are judged apart.
struct Advice {
    Standing speed = Standing::kUnknown;
    Standing memory = Standing::kUnknown; // peak RSS
    bool contradictory = false;           // faster by one metric, slower by another: alike
};

// Nothing for one that has no figures to be judged by.
std::optional<Advice> advise(const Experiment& experiment, const Result& result, std::size_t configuration,
                             std::size_t contender);

// The one to take: of those that are faster the fastest, else of those that are as fast and leaner the
// leanest. Nothing if there is none of either.
std::optional<std::size_t> best_choice(const Experiment& experiment, const Result& result,
                                       std::size_t configuration);

// The one that needs the least memory, of those that need measurably less than System, however fast they are.
std::optional<std::size_t> leanest(const Experiment& experiment, const Result& result,
                                   std::size_t configuration);

// Whether the machine was one and the same throughout. Compares System's values in the first half of the
// rounds and in the second, where the test by Mann and Whitney tells them apart (p < 0.01).
struct Shift {
    double first_half; // medians
    double second_half;
    double p;
};

std::optional<Shift> shift_of_system(const Experiment& experiment, std::size_t configuration, Metric metric);

} // namespace ashlar::compare
