// SPDX-License-Identifier: MIT
//
// Pointers that lie outside of the window: blocks of the fallback, or none at all. Which they are the heap
// cannot look up, but much that is none can be told by the address. The fallback would read what stands
// before it and crash, or believe it.
#pragma once

#include <string_view>

namespace ashlar::heap {

// Why an address outside of the window is no block, in words; empty if it may be one.
std::string_view objection_to(const void* address);

} // namespace ashlar::heap
