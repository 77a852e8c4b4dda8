// SPDX-License-Identifier: MIT
// A run of a command that needs another one: a server that it talks to, or a step that has to be done before.
//
// The command starts when all of the other one has ended, with success, or when a process of it listens on a
// socket. What is still there at the end is part of what is measured, be it the command itself, a child of a
// shell, a worker or a daemon: CPU time, faults and switches of all these processes are added, the largest
// peak counts, and the memory over time is theirs; then each is asked to end, and made to if it does not.
#pragma once

#include "measure/child.h"

namespace ashlar::measure {

struct PreparedRun {
    Run run;
    std::string trouble; // what went wrong with the one that prepares; empty if nothing did
};

// `on_time_out` is called for both.
PreparedRun run_prepared(const Command& preparation, const Command& command, const Supervision& supervision);

} // namespace ashlar::measure
