// SPDX-License-Identifier: MIT
// What the launcher tells the process that started it, over one pipe. Both are built together, so the
// messages are plain structures.
#pragma once

#include <array>
#include <cstdint>
#include <sys/resource.h>

namespace ashlar::measure {

// The launcher's end of the pipe.
inline constexpr int kLaunchReport = 3;

struct LaunchMessage {
    enum class Kind : std::int32_t {
        kStarted, // `pid` is set: a process group of its own
        kNotRun,  // `error` tells why the command could not be executed
        kEnded,   // everything else is set
    };
    enum class Mapped : std::int32_t { kUnknown, kNo, kYes };

    Kind kind;
    std::int32_t pid;
    std::int32_t error;
    std::int32_t status;           // as waitpid gives it
    std::int64_t wall_nanoseconds; // from before the fork until the end was seen
    rusage usage;                  // of the command and of those of its children that it waited for
    Mapped preload_mapped;         // was the preloaded library in the command's memory when it ended?
    // What it was executing then, and a library in its memory that is an allocator and was not preloaded.
    std::array<char, 1024> executable;
    std::array<char, 1024> other_allocator;
};

static_assert(sizeof(LaunchMessage) <= 4096, "what a pipe takes at once"); // PIPE_BUF

} // namespace ashlar::measure
