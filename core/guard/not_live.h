// SPDX-License-Identifier: MIT
//
// What an address is that is no block in use, for the report (slab/misuse.h). Hold no lock.
#pragma once

namespace ashlar::guard {

// Where it lies and what lies there says what it is instead.
[[noreturn]] void report_not_live(const void* address);
// It lies outside of the window, and is no block of the C library's malloc either.
[[noreturn]] void report_external(const void* address);

} // namespace ashlar::guard
