// SPDX-License-Identifier: MIT
//
// What tells other processes where this library keeps what it knows of its heap. It is the note in the ELF
// file and the structure that it leads to. See <ashlar/statistics_layout.h>.
#pragma once

#include <ashlar/statistics_layout.h>

namespace ashlar::observe {

// Under a name that the note can refer to.
[[gnu::visibility("hidden")]] extern const ashlar_tables kTables asm("ashlar_statistics_tables");

} // namespace ashlar::observe
