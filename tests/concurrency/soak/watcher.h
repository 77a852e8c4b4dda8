// SPDX-License-Identifier: MIT
//
// The parent of the watched process. It stops and continues random threads, processes and the whole group,
// and notices when one makes no progress. It shares no lock with them.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace soak {

struct WatcherOptions {
    unsigned seconds = 0;  // duration of the work
    unsigned patience = 0; // seconds without progress that mean a hang
};

// Watches `worker`, the leader of its own process group, until it has ended. Then ends the rest of the group.
// Returns whether all went well; otherwise the error is on stderr.
bool watch(pid_t worker, const WatcherOptions& options);

// Counts of the disturbances by watch().
struct Disturbances {
    std::uint64_t threads_stopped;
    std::uint64_t processes_stopped;
    std::uint64_t groups_stopped;
    int ptrace_error; // error of the last thread that could not be stopped
};
const Disturbances& disturbances();

} // namespace soak
