// SPDX-License-Identifier: MIT
//
// What threads are at: one by itself, and where all those of a process group are, if it hangs.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace soak {

enum class ThreadState : std::uint8_t {
    kAwake,  // it runs, waits for a processor or for the kernel, or is stopped
    kAsleep, // it waits for somebody to wake it
    kEnded,
};
ThreadState state_of(pid_t process, pid_t thread);

struct SavedStacks {
    char path[128]; // of a new file in $TMPDIR or /tmp; empty if there could be none
    unsigned processes;
};

// gdb's backtraces where gdb is installed and may look, and what /proc tells in any case. Nothing here uses
// the heap; the debugger runs without what this process has preloaded.
SavedStacks save_stacks(pid_t group);

} // namespace soak
