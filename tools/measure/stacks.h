// SPDX-License-Identifier: MIT
// The stacks of all threads of a hung command and its descendants. gdb makes backtraces if it is installed
// and may attach. The facts of /proc are always included.
#pragma once

#include "machine/interrupt.h"

#include <chrono>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ashlar::measure {

// Time limit of gdb, over all processes.
inline constexpr std::chrono::seconds kDebuggerLimit{30};

// After `deadline` or an interrupt, gdb is stopped and not started again.
std::string thread_stacks(const std::vector<pid_t>& processes, std::chrono::steady_clock::time_point deadline,
                          const machine::Interrupt* interrupt = nullptr);

} // namespace ashlar::measure
