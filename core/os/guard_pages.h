// SPDX-License-Identifier: MIT
//
// Pages that nobody may touch, inside of memory that is otherwise readable and writable.
//
// Since Linux 6.13 they can be marked in the page tables (MADV_GUARD_INSTALL): a few hundred nanoseconds, no
// mapping more, and no limit counts them. Older kernels, and all for locked memory, are asked to protect
// them, which splits a mapping and takes ten times as long.
//
// As with page_memory.h: ranges are page-aligned, any lock may be held, any call may fail.
#pragma once

#include <cstddef>

namespace ashlar::os {

// What was in the range may be lost. False: it is as it was.
bool raise_guard(void* start, std::size_t size);

// Accessible as a whole, whatever of it was a guard; of that the contents are anything.
bool lower_guard(void* start, std::size_t size);

// Whether guards are mappings, of which a process has a limited number, and count under RLIMIT_DATA when they
// are lowered.
bool guards_are_mappings();

} // namespace ashlar::os
