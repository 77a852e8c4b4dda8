// SPDX-License-Identifier: MIT
// Functions with debug information and known lines.
#pragma once

namespace traced {

// Lines in traced.cc: the call in inner(), and the call of inner() in outer().
inline constexpr unsigned kLineOfCall = 17;
inline constexpr unsigned kLineOfInlinedCall = 25;

// Returns a return address in inner(), which is inlined in outer().
const void* outer();

} // namespace traced
