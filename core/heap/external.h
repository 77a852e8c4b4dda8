// SPDX-License-Identifier: MIT
//
// Checks pointers outside of the window: blocks of the fallback, or invalid. The heap has no table of them,
// but the address shows many invalid ones. For these the fallback would read the bytes before the address,
// and crash or trust them.
#pragma once

#include <string_view>

namespace ashlar::heap {

// Returns in words why `address`, outside of the window, is no block. Returns an empty text if it may be one.
std::string_view objection_to(const void* address);

} // namespace ashlar::heap
