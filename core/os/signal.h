// SPDX-License-Identifier: MIT
//
// Signal handlers, installed without the C library's functions, which another library may replace.
#pragma once

#include <csignal>
#include <cstddef>

namespace ashlar::os {

// Makes the signal call `handler`, with no other signal blocked. Interrupted system calls continue. Returns
// false if the signal cannot be handled.
bool handle_signal(std::size_t number, void (*handler)(int));

// Does the same for a handler that receives the signal's origin and the interrupted context.
using ContextHandler = void (*)(int number, siginfo_t* information, void* context);
bool handle_signal(std::size_t number, ContextHandler handler);

// The present effect of a signal.
enum class Disposition { kDefault, kIgnored, kHandled, kHandledByThis };
Disposition disposition_of(std::size_t number, ContextHandler handler);
void restore_default(std::size_t number);

} // namespace ashlar::os
