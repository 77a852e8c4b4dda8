// SPDX-License-Identifier: MIT
// What a process has started, as /proc tells of it.
#pragma once

#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace ashlar::measure {

// The children of the process, theirs and so on, parents first; those of threads that have ended excepted.
std::vector<pid_t> descendants(pid_t process);

// Whether one of these accepts connections: on TCP, or on a socket in the file system.
bool any_listens(const std::vector<pid_t>& processes);

// 0 for a process that is gone.
std::uint64_t rss_kib(pid_t process);

} // namespace ashlar::measure
