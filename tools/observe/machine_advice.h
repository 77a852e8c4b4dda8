// SPDX-License-Identifier: MIT
// What of a machine stands in an allocator's way: one finding and one command for each.
#pragma once

#include "diagnose/explain.h"
#include "diagnose/machine_state.h"

namespace ashlar::observe {

// What the advice depends on beside the machine.
struct AllocatorUse {
    std::string settings{};   // ASHLAR_CONF
    std::string errors{};     // that the command wrote
    bool is_hardened = false; // libashlar-hardened.so
};

std::vector<diagnose::Finding> machine_advice(const diagnose::MachineState& state, const AllocatorUse& use);

} // namespace ashlar::observe
