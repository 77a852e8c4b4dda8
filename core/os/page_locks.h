// SPDX-License-Identifier: MIT
//
// Locked pages: what mlock() and mlockall() mean for an allocator.
//
// A program may lock a block and release it so: that lock is a left-over, and whoever purges the block takes
// it off. After mlockall() locks are wanted everywhere. Then pages stay locked and in place: nothing is
// purged, moved or mapped anew.
//
// All functions take page-aligned ranges, may be called under any lock and keep errno. A program that locks
// nothing sees madvise() and msync() here, and where the heap grows ahead of need mmap() and munmap() of a
// page.
#pragma once

#include <cstddef>

namespace ashlar::os {

// mlockall(MCL_FUTURE) holds: new mappings are locked and take their memory at once. Asks the kernel, which
// takes about 2.5 µs.
bool new_mappings_are_locked();

// mlockall() holds, with MCL_CURRENT or MCL_FUTURE. Asks the kernel, like the above.
bool locks_are_wanted();

// Some of these pages are locked; their contents stay.
bool any_locked(const void* start, std::size_t size);

// Takes the locks off free pages unless they are wanted. False if the kernel refused or they are.
bool unlock(void* start, std::size_t size);

// Whether locks were found on free pages so far: this program releases blocks that it locked.
bool locks_are_left();

// Purges free pages of which some are locked. False if locks are wanted or the kernel refused.
bool purge_locked(void* start, std::size_t size);

} // namespace ashlar::os
