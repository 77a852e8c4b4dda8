// SPDX-License-Identifier: MIT
//
// What an address is that is no block, for the report (slab/misuse.h). Hold no lock.
#pragma once

#include "os/message.h"

#include <string_view>

namespace ashlar::heap {

// The address, which lies in the window, was passed to a call that wants a block.
[[noreturn]] void report_no_block(const void* address);
// It lies outside of the window, and this is why it is no block.
[[noreturn]] void report_external(const void* address, std::string_view why);

} // namespace ashlar::heap
