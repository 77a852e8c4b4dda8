// SPDX-License-Identifier: MIT
//
// Tells other processes where this library keeps the data of its heap. It consists of a note in the ELF file
// and the structure that the note leads to. See <ashlar/statistics_layout.h>.
#pragma once

#include <ashlar/statistics_layout.h>

namespace ashlar::observe {

// The assembler name lets the note refer to the structure.
[[gnu::visibility("hidden")]] extern const ashlar_tables kTables asm("ashlar_statistics_tables");

} // namespace ashlar::observe
