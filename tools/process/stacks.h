// SPDX-License-Identifier: MIT
// Which mappings are the stacks of threads. The kernel names the main thread's only.
#pragma once

#include "process/files.h"
#include "process/smaps.h"

#include <vector>

namespace ashlar::process {

// Addresses that lie in threads' stacks: the stack pointers of those that wait in the kernel. The others, and
// all of them without leave to trace the process, are not known.
std::vector<Address> stack_pointers(const Files& process);

// The stack pointer in a text of /proc/PID/task/TID/syscall; 0 if the thread was running.
Address parse_stack_pointer(std::string_view text);

// For each mapping whether it is a stack. The kernel calls one so. Others look like one that pthread_create
// made: private memory right behind an inaccessible mapping of a few pages. And some hold one thread's stack
// pointer. (Memory with the pointers of several threads is a runtime's, Go's for example.)
std::vector<bool> find_stacks(const std::vector<Mapping>& mappings, const std::vector<Address>& pointers);

} // namespace ashlar::process
