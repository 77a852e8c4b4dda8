// SPDX-License-Identifier: MIT
// A command line that has to be run before or after something is measured. It is over when its shell ends;
// processes that it leaves behind are killed. It is not measured, and no allocator is preloaded.
#pragma once

#include "measure/child.h"

namespace ashlar::measure {

struct StepRun {
    Run run;
    // A process of it went on listening on a socket: who wrote this wanted a server.
    bool is_server = false;
};

// Of the supervision the time limit, the interrupt and on_time_out count.
StepRun run_step(const std::string& command_line, const Supervision& supervision);

} // namespace ashlar::measure
