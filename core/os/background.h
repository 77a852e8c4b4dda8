// SPDX-License-Identifier: MIT
//
// A thread of the library's own that calls a function every so often, as long as there is something to do.
#pragma once

#include <cstddef>

namespace ashlar::os {

// False: nothing is left to do until somebody calls ensure_background().
using BackgroundFunction = bool (*)();

// Starts the thread, once, or wakes it. It has all signals blocked. What pthread_create needs it allocates:
// not to be called under a lock. Without success everything else works as if it had not been asked for.
void ensure_background(BackgroundFunction function, std::size_t milliseconds);

// In a forked child, which does not have the thread.
void forget_background();

} // namespace ashlar::os
