// SPDX-License-Identifier: MIT
//
// Reports addresses that are no block (see slab/misuse.h). The caller holds no lock.
#pragma once

#include "os/message.h"

#include <string_view>

namespace ashlar::heap {

// Reports an address of the window that was passed to a call and is no block.
[[noreturn]] void report_no_block(const void* address);
// Reports an address outside of the window; `why` says why it is no block.
[[noreturn]] void report_external(const void* address, std::string_view why);

} // namespace ashlar::heap
