// SPDX-License-Identifier: MIT
//
// Reading memory that may be unmapped. The kernel makes the first access, and returns an error where the
// process would get SIGSEGV or SIGBUS. Async-signal-safe: no lock, no allocation, errno is kept.
#pragma once

#include <cstddef>

namespace ashlar::os {

// Copies the whole range or returns false. Another thread may unmap it at any moment, because the kernel
// copies (process_vm_readv, about 1 µs). Where that call is forbidden, each page is checked and then read. A
// page that vanishes in between would fault.
bool copy_if_readable(void* to, const void* from, std::size_t size);

// Check whether the page that contains `address` can be read now. They make one futex call (about 0.3 µs),
// which nearly every system call filter allows. kUnknown: a filter forbids it.
enum class Memory : unsigned char { kNone, kReadable, kUnknown };
Memory look_for_memory(const void* address);
bool is_readable(const void* address);

} // namespace ashlar::os
