// SPDX-License-Identifier: MIT
//
// Inaccessible pages inside of readable and writable memory.
//
// Since Linux 6.13 the page tables can mark them (MADV_GUARD_INSTALL). That takes a few hundred nanoseconds,
// needs no further mapping, and no limit counts the guards. On older kernels, and for locked memory,
// mprotect() makes them. That splits a mapping and takes ten times as long.
//
// As with page_memory.h: ranges are page-aligned, any lock may be held, any call may fail.
#pragma once

#include <cstddef>

namespace ashlar::os {

// Makes the range inaccessible; its contents may be lost. False: refused, the range is accessible as before.
bool raise_guard(void* start, std::size_t size);

// Makes the whole range accessible, whichever parts were guards. The contents of those parts are undefined.
// Returns false if the kernel refused.
bool lower_guard(void* start, std::size_t size);

// Returns whether guards are mappings, whose number is limited. RLIMIT_DATA counts such a guard when lowered.
bool guards_are_mappings();

} // namespace ashlar::os
