// SPDX-License-Identifier: MIT
// A run of a command with a server, which is started first.
//
// The command starts when a process of the server listens on a socket. At its end all processes of the server
// are measured: the command itself, a child of a shell, workers, a daemon. Their CPU time, faults and
// switches are added to the command's. Peak RSS is the maximum, and the memory over time is the server's.
// Then each process is asked to end, and killed if it does not.
#pragma once

#include "measure/child.h"

namespace ashlar::measure {

struct ServedRun {
    Run run;
    std::string trouble; // failure of the server; empty if there was none
};

// Calls `on_time_out` for both.
ServedRun run_with_server(const Command& server, const Command& command, const Supervision& supervision);

} // namespace ashlar::measure
