// SPDX-License-Identifier: MIT
// Functions with debug information whose places are known.
#pragma once

namespace traced {

// In traced.cc: of the call in inner(), and of inner() in outer().
inline constexpr unsigned kLineOfCall = 17;
inline constexpr unsigned kLineOfInlinedCall = 25;

// A return address in inner(), which is part of outer().
const void* outer();

} // namespace traced
