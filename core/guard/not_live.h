// SPDX-License-Identifier: MIT
//
// Reports addresses that are no block in use (see slab/misuse.h). The caller holds no lock.
#pragma once

namespace ashlar::guard {

// Reports what lies at the address instead of a block in use.
[[noreturn]] void report_not_live(const void* address);
// Reports an address outside of the window that is no block of the C library's malloc either.
[[noreturn]] void report_external(const void* address);

} // namespace ashlar::guard
