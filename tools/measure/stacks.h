// SPDX-License-Identifier: MIT
// Where every thread of a command and of what it has started is, for one that hangs. gdb makes backtraces
// where it is installed and may look. What /proc tells is there in any case.
#pragma once

#include "machine/interrupt.h"

#include <chrono>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ashlar::measure {

// How long gdb may take, over all processes.
inline constexpr std::chrono::seconds kDebuggerLimit{30};

// From `deadline` or an interrupt on gdb is stopped and not asked any more.
std::string thread_stacks(const std::vector<pid_t>& processes, std::chrono::steady_clock::time_point deadline,
                          const machine::Interrupt* interrupt = nullptr);

} // namespace ashlar::measure
