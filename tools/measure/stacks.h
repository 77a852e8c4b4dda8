// SPDX-License-Identifier: MIT
// Where every thread of a process and of its children is, for a process that hangs: gdb's backtraces where
// gdb is installed and may look, and what /proc tells in any case.
#pragma once

#include <string>
#include <sys/types.h>

namespace ashlar::measure {

std::string thread_stacks(pid_t process);

} // namespace ashlar::measure
