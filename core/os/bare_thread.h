// SPDX-License-Identifier: MIT
//
// A thread that the C library does not know of, for work beside a program that must not notice it.
//
// The C library goes on to take a program with one thread for one. It keeps its quick paths, and the process
// ends when the last of its own threads does. The thread has its own table of descriptors, which is empty, so
// that the numbers of the program's descriptors do not depend on it. All its signals are blocked.
//
// It has no thread-local variables, and so it may call nothing that has any: no errno, no lock of this
// library's, nothing that allocates. System calls are what it is for.
#pragma once

#include <cstddef>

namespace ashlar::os {

inline constexpr std::size_t kBareStack = std::size_t{48} << 10;

// False if there is none to be had: no memory, a limit, or a processor that this is not written for. The
// function's thread ends with it. `memory` is kBareStack bytes at a multiple of a page, for as long as it
// runs. May be called in a signal handler.
bool start_bare_thread(void (*function)(), void* memory);

} // namespace ashlar::os
