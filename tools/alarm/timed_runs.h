// SPDX-License-Identifier: MIT
// Runs the benchmarks in turns on reference, present library and reference again, and watches the machine.
#pragma once

#include "alarm/gates.h"
#include "alarm/hypothesis.h"
#include "alarm/machine_state.h"
#include "alarm/request.h"
#include "compare/rounds.h"
#include "machine/interrupt.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ashlar::alarm {

struct TimedRuns {
    compare::Experiment experiment;
    Disturbance disturbance;
};

struct Rounds {
    int count;
    std::uint64_t seed; // of their order
};

TimedRuns run_timed(const Request& request, std::vector<compare::Configuration> configurations, Rounds rounds,
                    const machine::Interrupt& interrupt, const compare::Observer& observer);

// Returns how the runs of a benchmark ended.
Endings endings_of(const TimedRuns& runs, std::size_t configuration);

// Returns the limit of a run, from the warm-up, and the usual time. Nothing if either is unknown.
std::optional<TimeLimit> time_limit(const compare::Experiment& experiment, std::size_t configuration);

} // namespace ashlar::alarm
