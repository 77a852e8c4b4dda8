// SPDX-License-Identifier: MIT
//
// The edition of the library that the code is compiled for. A few files are compiled for both editions. They
// branch on this constant, not on a macro, so the compiler always checks both branches.
#pragma once

namespace ashlar::os {

#ifdef ASHLAR_HARDENED
inline constexpr bool kHardened = true;
#else
inline constexpr bool kHardened = false;
#endif

} // namespace ashlar::os
