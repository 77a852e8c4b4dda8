// SPDX-License-Identifier: MIT
//
// Handling a signal, past whatever another library has in place of the C library's functions for that.
#pragma once

#include <cstddef>

namespace ashlar::os {

// From now on the signal calls `handler`, with no other signal blocked; system calls that it interrupts go
// on. False if it is none that can be handled.
bool handle_signal(std::size_t number, void (*handler)(int));

} // namespace ashlar::os
