// SPDX-License-Identifier: MIT
// A run of a command that talks to a server, which is started before it.
//
// The command starts when a process of the server listens on a socket. At its end all processes of the server
// are measured: the command itself, a child of a shell, workers, a daemon. Their CPU time, faults and
// switches are added. The largest peak counts, and the memory over time is theirs. Then each is asked to end,
// and made to if it does not.
#pragma once

#include "measure/child.h"

namespace ashlar::measure {

struct ServedRun {
    Run run;
    std::string trouble; // what went wrong with the server; empty if nothing did
};

// `on_time_out` is called for both.
ServedRun run_with_server(const Command& server, const Command& command, const Supervision& supervision);

} // namespace ashlar::measure
