// SPDX-License-Identifier: MIT
//
// Reading memory that may not be there. The kernel does the first access and answers with an error where the
// process would get SIGSEGV or SIGBUS. Async-signal-safe: no lock, no allocation, errno is kept.
#pragma once

#include <cstddef>

namespace ashlar::os {

// Copies all of the range or returns false. Another thread may unmap it at any moment: the kernel itself
// copies (process_vm_readv, about 1 us). Where that call is forbidden, pages are asked for first and then
// read; a page that vanishes between the two would fault.
bool copy_if_readable(void* to, const void* from, std::size_t size);

// Whether the page that this address lies in can be read now. One futex call (about 0.3 us), which nearly
// every filter of system calls allows; where it is not, nothing is known.
enum class Memory : unsigned char { kNone, kReadable, kUnknown };
Memory look_for_memory(const void* address);
bool is_readable(const void* address);

} // namespace ashlar::os
