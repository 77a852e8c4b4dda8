// SPDX-License-Identifier: MIT
//
// The end of a process that gave us a pointer which is no live block, or damaged one. All reports of misuse
// end here. A line says what is wrong with which address, what lies there and who did it. A second line says
// how to find the call. Then comes abort(). Hold no lock: handlers of SIGABRT may allocate.
#pragma once

#include "os/message.h"
#include "slab/slab.h"

#include <cstdint>

namespace ashlar::slab {

// Whether the call that is stopped is the one that is at fault, or that was an earlier one.
enum class Found : std::uint8_t { kInTheCall, kLater };

// The address lies in the window.
[[noreturn]] void report(Fault fault, const void* address, Found found);
[[noreturn]] void report(const os::Message& message, Found found);

// Appends what lies at an address of the window, from ": " on.
os::Message& describe(os::Message& message, const void* address, Fault fault = Fault::kNone);

// From now on reports say that the hardened library finds more. To be called where it could be preloaded.
void advise_hardened();

} // namespace ashlar::slab
