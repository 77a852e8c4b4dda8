// SPDX-License-Identifier: MIT
//
// The end of a process that gave us a pointer which is no live block: one line that says what, which address,
// what is known about it and which thread, then abort. Hold no lock: handlers of SIGABRT may allocate.
#pragma once

#include "os/message.h"
#include "slab/slab.h"

namespace ashlar::slab {

[[noreturn]] void report(Fault fault, const void* address);

// Appends what is known about the place, from ": " on, and which thread this is.
os::Message& describe(os::Message& message, const void* address);

} // namespace ashlar::slab
