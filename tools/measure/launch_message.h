// SPDX-License-Identifier: MIT
// What the launcher tells the process that started it, over one pipe. Both are built together, so the
// messages are plain structures.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <sys/resource.h>

namespace ashlar::measure {

// The launcher's end of the pipe.
inline constexpr int kLaunchReport = 3;

// How ashlar tells the launcher to end what it has started: all at once, or politely.
inline constexpr int kKill = SIGTERM;
inline constexpr int kAskToEnd = SIGUSR1;

struct LaunchMessage {
    enum class Kind : std::int32_t {
        kStarted,      // the command has a process group of its own
        kNotRun,       // `error` tells why the command could not be executed
        kSeen,         // of one process: its own `usage`, and all that is below `usage`
        kCommandEnded, // of a service: `status` is set, and some that the command has started may live on
        kEnded,        // nothing of it is left: `status`, `wall_nanoseconds`, `usage`
    };

    Kind kind;
    std::int32_t error;
    std::int32_t status;           // of the command, as waitpid gives it
    std::int64_t wall_nanoseconds; // from before the fork until the end of the command was seen
    rusage usage;                  // of the command and of all that it has started; the largest peak RSS
    bool preload_mapped;           // was the preloaded library in the memory of the process?
    // What it was executing, and a library in its memory that is an allocator and was not preloaded.
    std::array<char, 16> name; // as the kernel knows it
    std::array<char, 1024> executable;
    std::array<char, 1024> other_allocator;
};

static_assert(sizeof(LaunchMessage) <= 4096, "what a pipe takes at once"); // PIPE_BUF

} // namespace ashlar::measure
