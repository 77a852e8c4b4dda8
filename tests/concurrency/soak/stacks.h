// SPDX-License-Identifier: MIT
//
// The state of threads: of a single thread, and the stacks of a hanging process group.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace soak {

enum class ThreadState : std::uint8_t {
    kAwake,  // runs, waits for a processor or for the kernel, or is stopped
    kAsleep, // waits for a wake-up
    kEnded,
};
ThreadState state_of(pid_t process, pid_t thread);

struct SavedStacks {
    char path[128]; // path of a new file in $TMPDIR or /tmp; empty if none could be made
    unsigned processes;
};

// Saves gdb's backtraces if gdb is installed and permitted, and always the information of /proc. Does not use
// the heap. The debugger runs without this process's preloaded libraries.
SavedStacks save_stacks(pid_t group);

} // namespace soak
