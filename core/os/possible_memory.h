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

// The page that this address lies in can be read now. One futex call (about 0.3 us), which every filter of
// system calls allows.
bool is_readable(const void* address);

} // namespace ashlar::os
