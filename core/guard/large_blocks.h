// SPDX-License-Identifier: MIT
//
// Large blocks between guards, which are inaccessible pages before and behind each block. A linear overflow
// or underflow of more than a few bytes faults.
//
//   run of the heap                                                              (64 KiB slices)
//   | guard | the block, then the key's bytes (canary.h) | guard …                |
//           ^ the pointer that the program gets
//
// The facts (requested size, …) are in the descriptor of the run's first slice, where no program writes. A
// released block waits before it returns to the heap, so that late uses are found:
//
// * A block of at most `large_quarantine` bytes and mostly in memory keeps its memory and guards. One in four
//   is poisoned as a whole, the others in a sample (poison.h). At most 1/8 of the heap waits so, at least 2
//   MiB, or a single block. When enough wait, the next request for that length gets a random one. It is
//   checked, and its guards are kept, so no system call is needed.
// * Any other block becomes inaccessible and its memory is purged. At most 64 such blocks and 1 GiB of
//   addresses wait.
//
// A block aligned to more than a page has no guard before it. The kernel may refuse guards where they are
// mappings (os/guard_pages.h). Under RLIMIT_DATA it could refuse to lower them, so there are none. A run that
// cannot be made accessible is never used again.
#pragma once

#include "guard/canary.h"
#include "layout/window.h"

#include <cstddef>

namespace ashlar::guard::large_blocks {

// Allocates a block of the window that the live map covers. Returns a block of the fallback if the window
// cannot serve, or null with ENOMEM. kGrowing looks for free room behind the block.
enum class Contents : unsigned char { kAny, kZero, kGrowing };
void* allocate(const canary::Facts& facts, Contents contents);

const canary::Facts& facts_of(const void* block);
// Returns how many of the first bytes behind the block were overwritten.
std::size_t overflow(const void* block);

// Releases a block that is no longer live. Reports two releases at the same time.
void release(void* block);

// Resizes the block in place. Returns false without a change if that is impossible.
bool resize_in_place(void* block, std::size_t size);

// Returns the large block, in use or waiting, in which or between whose guards the address lies, or null.
// Searches, so only for reports.
void* around(const void* address);

// Returns all waiting blocks to the heap. Returns false if there were none.
bool return_all();

} // namespace ashlar::guard::large_blocks
