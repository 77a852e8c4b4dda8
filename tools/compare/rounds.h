// SPDX-License-Identifier: MIT
// Runs a plan. First every allocator runs once in every configuration, untimed. This warms up the machine and
// proves that the allocator was in the command's memory. Then the rounds follow. In each round and
// configuration all allocators run back to back, in a newly shuffled order. A disturbance of the machine
// therefore affects all allocators of one round, which are compared only with each other.
//
// In a duet each allocator runs at the same time as System. Each has its own processor, and the two are
// swapped from round to round. A short disturbance therefore affects both.
//
// A run that fails or exceeds its time limit is recorded with its reason, and the experiment continues. After
// three failures in one configuration an allocator is skipped there. If System fails three times, or in the
// warm-up, there is nothing to compare, and the configuration is skipped. On an interrupt the experiment is
// returned incomplete. It can be continued later.
#pragma once

#include "compare/experiment.h"
#include "machine/interrupt.h"

#include <functional>

namespace ashlar::compare {

struct Progress {
    int done = 0;
    int total = 0;
    int round = 0;
    const Configuration* configuration = nullptr;
    std::size_t place = 0; // of the configuration, in the plan
    const Contender* contender = nullptr;
};

// Returns the configuration's number of runs, warm-up included. A duet's two simultaneous runs are one.
int runs_of(const Plan& plan, const Configuration& configuration);

// Callbacks that report the progress.
struct Observer {
    std::function<void(const Progress&)> before_each_run;
    std::function<void(const Experiment&)> after_each_round; // the warm-up included
};

// Takes the samples that `experiment` lacks: all, or those that an interrupt left out.
Experiment run_rounds(Experiment experiment, const machine::Interrupt& interrupt, const Observer& observer);

} // namespace ashlar::compare
