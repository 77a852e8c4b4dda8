// SPDX-License-Identifier: MIT
// Runs a plan. First every allocator once in every configuration, untimed: that warms the machine up and
// proves that the allocator was in the command's memory. Then the rounds: in each, configuration by
// configuration, all allocators back to back in an order shuffled anew. So what disturbs the machine for a
// while disturbs all allocators of one round, which are compared with each other only.
//
// In a duet each allocator runs at the same time as System, both on processors of their own that are swapped
// from round to round: what disturbs the machine for an instant disturbs both.
//
// A run that fails or exceeds its time is recorded with its reason and the rest goes on; who fails three
// times in one configuration is spared the rest of it. If that is System, or if System fails in the warm-up,
// there is nothing to compare in this configuration, and nobody runs it any more. On an interrupt the
// experiment is returned as far as it got, and such a one can be gone on with.
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

// How often the configuration runs, warm-up included; in a duet two at once are one.
int runs_of(const Plan& plan, const Configuration& configuration);

// Who is told how it goes.
struct Observer {
    std::function<void(const Progress&)> before_each_run;
    std::function<void(const Experiment&)> after_each_round; // the warm-up is one
};

// Takes the samples that `experiment` does not have yet: all, or those that an interrupt left out.
Experiment run_rounds(Experiment experiment, const machine::Interrupt& interrupt, const Observer& observer);

} // namespace ashlar::compare
