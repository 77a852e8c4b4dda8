// SPDX-License-Identifier: MIT
// The mappings that are stacks of threads. The kernel names only the main thread's.
#pragma once

#include "process/files.h"
#include "process/smaps.h"

#include <vector>

namespace ashlar::process {

// Returns the stack pointers of the threads that wait in the kernel. Those of running threads are unknown.
// All are unknown without permission to trace the process.
std::vector<Address> stack_pointers(const Files& process);

// Returns the stack pointer in a text of /proc/PID/task/TID/syscall, or 0 if the thread was running.
Address parse_stack_pointer(std::string_view text);

// Returns for each mapping whether it is a stack. The kernel names the main thread's. Private memory right
// behind an inaccessible mapping of a few pages is a stack that pthread_create made. Private memory with
// exactly one thread's stack pointer is a stack too. Several pointers mean memory of a runtime, such as Go's.
std::vector<bool> find_stacks(const std::vector<Mapping>& mappings, const std::vector<Address>& pointers);

} // namespace ashlar::process
