// SPDX-License-Identifier: MIT
//
// Handling a signal, past whatever another library has in place of the C library's functions for that.
#pragma once

#include <csignal>
#include <cstddef>

namespace ashlar::os {

// From now on the signal calls `handler`, with no other signal blocked; system calls that it interrupts go
// on. False if it is none that can be handled.
bool handle_signal(std::size_t number, void (*handler)(int));

// Likewise for a handler that is told where the signal came from and what it interrupted.
using ContextHandler = void (*)(int number, siginfo_t* information, void* context);
bool handle_signal(std::size_t number, ContextHandler handler);

// What the signal does now.
enum class Disposition { kDefault, kIgnored, kHandled, kHandledByThis };
Disposition disposition_of(std::size_t number, ContextHandler handler);
void restore_default(std::size_t number);

} // namespace ashlar::os
