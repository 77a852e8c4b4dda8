// SPDX-License-Identifier: MIT
// The launcher's messages to its parent, over one pipe: plain structures, as both are built together.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <sys/resource.h>

namespace ashlar::measure {

// The launcher's end of the pipe.
inline constexpr int kLaunchReport = 3;

// Signals that make the launcher end its descendants: kill them, or ask them to end.
inline constexpr int kKill = SIGTERM;
inline constexpr int kAskToEnd = SIGUSR1;

struct LaunchMessage {
    enum class Kind : std::int32_t {
        kStarted,      // the command has its own process group
        kNotRun,       // `error` tells why the command could not be executed
        kSeen,         // one process: its own `usage`, and all members below `usage`
        kCommandEnded, // a service's command: `status` is set, and its descendants may live on
        kEnded,        // no process is left: `status`, `wall_nanoseconds`, `usage`
    };

    Kind kind;
    std::int32_t error;
    std::int32_t status;           // of the command, as returned by waitpid
    std::int64_t wall_nanoseconds; // from before the fork until the launcher noticed the command's end
    rusage usage;                  // of the command and its descendants; peak RSS is the maximum
    bool preload_mapped;           // the preloaded library is in the memory of the process
    // The program of the process, and a library in its memory that is an allocator and was not preloaded.
    std::array<char, 16> name; // as the kernel knows it
    std::array<char, 1024> executable;
    std::array<char, 1024> other_allocator;
};

static_assert(sizeof(LaunchMessage) <= 4096, "what a pipe takes at once"); // PIPE_BUF

} // namespace ashlar::measure
