// SPDX-License-Identifier: MIT
//
// Locked pages: what mlock() and mlockall() mean for an allocator.
//
// A program may release a block that it has locked. That lock is a left-over, which a purge removes. After
// mlockall(), locks are wanted everywhere. Then pages stay locked and in place: nothing is purged, moved or
// mapped anew.
//
// All functions take page-aligned ranges, may be called under any lock and keep errno. In a program that
// locks nothing, they call only madvise() and msync(). Growth ahead of need also maps and unmaps one page.
#pragma once

#include <cstddef>

namespace ashlar::os {

// Returns whether mlockall(MCL_FUTURE) holds: new mappings are locked and take their memory at once. Asks the
// kernel, which takes about 2.5 µs.
bool new_mappings_are_locked();

// Returns whether mlockall() holds, with MCL_CURRENT or MCL_FUTURE. Asks the kernel too.
bool locks_are_wanted();

// Returns whether any of these pages is locked. Keeps their contents.
bool any_locked(const void* start, std::size_t size);

// Removes the locks from free pages. Returns false if locks are wanted or the kernel refused.
bool unlock(void* start, std::size_t size);

// Returns whether locks were found on free pages so far: this program releases blocks that it locked.
bool locks_are_left();

// Purges free pages of which some are locked. Returns false if locks are wanted or the kernel refused.
bool purge_locked(void* start, std::size_t size);

} // namespace ashlar::os
