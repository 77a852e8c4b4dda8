// SPDX-License-Identifier: MIT
//
// Which edition of the library the code is compiled for. A few files are compiled for both: what differs is
// decided by this constant, so that both are always checked by the compiler.
#pragma once

namespace ashlar::os {

#ifdef ASHLAR_HARDENED
inline constexpr bool kHardened = true;
#else
inline constexpr bool kHardened = false;
#endif

} // namespace ashlar::os
