// SPDX-License-Identifier: MIT
// Obstacles to an allocator on a machine: one finding and one command for each.
#pragma once

#include "diagnose/explain.h"
#include "diagnose/machine_state.h"

namespace ashlar::observe {

// Facts beside the machine that the advice depends on.
struct AllocatorUse {
    std::string settings{};   // ASHLAR_CONF
    std::string errors{};     // output of the command
    bool is_hardened = false; // uses libashlar-hardened.so
};

std::vector<diagnose::Finding> machine_advice(const diagnose::MachineState& state, const AllocatorUse& use);

} // namespace ashlar::observe
