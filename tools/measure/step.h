// SPDX-License-Identifier: MIT
// A command line that runs before or after a measurement. It is over when its shell ends, and then remaining
// processes are killed. It is not measured, and no allocator is preloaded.
#pragma once

#include "measure/child.h"

namespace ashlar::measure {

struct StepRun {
    Run run;
    // One of its processes kept listening on a socket: the user meant a server.
    bool is_server = false;
};

// Runs the step. Uses only the time limit, the interrupt and on_time_out of the supervision.
StepRun run_step(const std::string& command_line, const Supervision& supervision);

} // namespace ashlar::measure
