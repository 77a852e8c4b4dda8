// SPDX-License-Identifier: MIT
//
// The parent of the process that is watched. It stops and continues single threads, processes and all of them
// at random, and notices when one makes no progress. It shares no lock with what it watches.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace soak {

struct WatcherOptions {
    unsigned seconds = 0;  // how long the work goes on
    unsigned patience = 0; // seconds without progress that are a hang
};

// Watches `worker`, which leads a process group of its own, until it has ended, and ends what is left of the
// group. True if all went well; otherwise it has said on stderr what did not.
bool watch(pid_t worker, const WatcherOptions& options);

// What watch() did besides.
struct Disturbances {
    std::uint64_t threads_stopped;
    std::uint64_t processes_stopped;
    std::uint64_t groups_stopped;
    int ptrace_error; // of the last thread that could not be stopped
};
const Disturbances& disturbances();

} // namespace soak
