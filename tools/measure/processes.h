// SPDX-License-Identifier: MIT
// A command and what it has started, as /proc tells of them.
#pragma once

#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace ashlar::measure {

// The process itself, its children, theirs and so on, those of threads that have ended excepted.
std::vector<pid_t> with_children(pid_t process);

// Whether one of them accepts connections: on TCP, or on a socket in the file system.
bool listens(pid_t process);

// 0 for a process that is gone.
std::uint64_t rss_kib(pid_t process);

} // namespace ashlar::measure
