// SPDX-License-Identifier: MIT
//
// Ends the process when the program passes an invalid pointer or damages a block. All reports of misuse end
// here. The first line names the fault, the address, what lies there, and the thread. The second line says
// how to find the call. Then abort() is called. The caller must hold no lock, because handlers of SIGABRT may
// allocate.
#pragma once

#include "os/message.h"
#include "slab/slab.h"

#include <cstdint>

namespace ashlar::slab {

// Whether the stopped call itself is at fault, or an earlier call may be.
enum class Found : std::uint8_t { kInTheCall, kLater };

// Reports a fault and does not return. `address` lies in the window.
[[noreturn]] void report(Fault fault, const void* address, Found found);
[[noreturn]] void report(const os::Message& message, Found found);

// Appends ": " and a description of what lies at `address`, an address in the window.
os::Message& describe(os::Message& message, const void* address, Fault fault = Fault::kNone);

// Makes later reports recommend the hardened library. Call it where that library can be preloaded.
void advise_hardened();

} // namespace ashlar::slab
