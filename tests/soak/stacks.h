// SPDX-License-Identifier: MIT
//
// Where every thread of a process group is, for a group that hangs.
#pragma once

#include <cstddef>
#include <sys/types.h>

namespace soak {

// Whether a thread of the group runs, waits for a processor, or for the kernel. None does in a deadlock.
bool any_runnable(pid_t group);

struct SavedStacks {
    char path[128]; // of a new file in $TMPDIR or /tmp; empty if there could be none
    unsigned processes;
};

// gdb's backtraces where gdb is installed and may look, and what /proc tells in any case. Nothing here uses
// the heap; the debugger runs without what this process has preloaded.
SavedStacks save_stacks(pid_t group);

} // namespace soak
