// SPDX-License-Identifier: MIT
//
// Large blocks between guards: inaccessible system pages before and behind each. So a linear overflow or
// underflow of more than a few bytes faults.
//
//   run of the heap                                                              (64 KiB slices)
//   | guard | the block, then the key's bytes (canary.h) | guard …               |
//           ^ what the program gets
//
// The facts (the size asked for, …) stand in the descriptor of the run's first slice, where no program
// writes. A released block waits before it returns to the heap, so that whoever still uses it is found:
//
// * Up to `large_quarantine` bytes long and mostly in memory, it keeps its memory and its guards and is
//   poisoned. One in four is poisoned as a whole, of the others a sample (poison.h). All that wait so may be
//   an eighth of the heap, 2 MiB at least, or a single block. When enough wait, the next request for their
//   length gets any of them, looked at, with its guards as they stand: no system call.
// * Any other becomes inaccessible as a whole and its memory is given back. 64 may wait so, of 1 GiB.
//
// A block aligned to more than a page has no guard before it. The kernel may refuse guards where they are
// mappings (os/guard_pages.h), and under RLIMIT_DATA it could refuse to lower them: then there are none. What
// cannot be made accessible is never used again.
#pragma once

#include "guard/canary.h"
#include "layout/window.h"

#include <cstddef>

namespace ashlar::guard::large_blocks {

// A block of the window, which the live map covers; or of the fallback if the window cannot serve; or null
// with ENOMEM. `room` to grow into is looked for if a block grows.
enum class Contents : unsigned char { kAny, kZero, kGrowing };
void* allocate(const canary::Facts& facts, Contents contents);

const canary::Facts& facts_of(const void* block);
// How many of the first bytes behind the block were written to.
std::size_t overflow(const void* block);

// Of a block that is live no more. Two at one time are reported.
void release(void* block);

// Makes the block `size` bytes long where it is; false, with nothing changed, if that cannot be done.
bool resize_in_place(void* block, std::size_t size);

// The large block, in use or waiting, that the address lies in or between whose guards; null if there is
// none. For reports: searches.
void* around(const void* address);

bool return_all(); // that wait; true if there was something

} // namespace ashlar::guard::large_blocks
