// SPDX-License-Identifier: MIT
//
// A thread that the C library does not know of, for work that the program must not notice.
//
// A program with one thread stays single-threaded for the C library, which keeps its fast paths. The process
// ends when the last of the program's threads ends. The bare thread has its own, empty descriptor table, so
// the program's descriptor numbers do not depend on it. It blocks all signals.
//
// It has no thread-local variables. Its function must not use errno or this library's locks, and must not
// allocate. It may make system calls.
#pragma once

#include <cstddef>

namespace ashlar::os {

inline constexpr std::size_t kBareStack = std::size_t{48} << 10;

// Starts a thread that calls `function` and then ends. `memory` is kBareStack bytes at a page boundary, and
// must stay mapped while the thread runs. Returns false without memory, at a limit, or on an unsupported
// processor. May be called in a signal handler.
bool start_bare_thread(void (*function)(), void* memory);

} // namespace ashlar::os
