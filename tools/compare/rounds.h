// SPDX-License-Identifier: MIT
// Runs a plan. First every allocator once in every configuration, untimed: that warms the machine up and
// proves that the allocator was in the command's memory. Then the rounds: in each, configuration by
// configuration, all allocators back to back in an order shuffled anew. So what disturbs the machine for a
// while disturbs all allocators of one round, which are compared with each other only.
//
// A run that fails or exceeds its time is recorded with its reason and the rest goes on; who fails three
// times in one configuration is spared the rest of it. On an interrupt the experiment is returned as far as
// it got.
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
    const Contender* contender = nullptr;
};

Experiment run_rounds(const Plan& plan, const machine::Interrupt& interrupt,
                      const std::function<void(const Progress&)>& before_each_run);

// The figures in lines such as "RSS drift = 0.1 %". Of throughput and RSS / live, whichever is in the last
// line: a command that printed something else after it did not end as it should.
Figures read_figures(const std::string& output);

} // namespace ashlar::compare
