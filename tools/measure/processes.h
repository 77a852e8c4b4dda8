// SPDX-License-Identifier: MIT
// The descendants of a process, as /proc lists them.
#pragma once

#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace ashlar::measure {

// Returns the descendants of a process, parents first. May miss children of threads that end meanwhile.
std::vector<pid_t> descendants(pid_t process);

// Returns whether one of these accepts connections: on TCP, or on a socket in the file system.
bool any_listens(const std::vector<pid_t>& processes);

// Returns 0 for a process that has ended.
std::uint64_t rss_kib(pid_t process);

} // namespace ashlar::measure
