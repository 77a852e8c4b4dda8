// SPDX-License-Identifier: MIT
//
// Large blocks between guards: pages of the system, inaccessible, before and behind each, so that a linear
// overflow or underflow of more than a few bytes faults.
//
//   run of the heap                                                              (64 KiB pages)
//   | guard | the block, then the key's bytes (canary.h) | guard …               |
//           ^ what the program gets
//
// The facts (the size asked for, …) stand in the descriptor of the run's first page, where no program writes.
// A released block is inaccessible as a whole and its memory given back while it waits in a quarantine of its
// own; it returns to the heap in random order. A block aligned to more than a page has no guard before it.
//
// The kernel may refuse to make pages inaccessible (a process has some 65 thousand mappings), and under
// RLIMIT_DATA it could refuse to make them accessible again: then there are no guards, and large blocks do
// not wait. What cannot be made accessible is never used again.
#pragma once

#include "guard/canary.h"
#include "layout/window.h"
#include "os/mutex.h"

#include <cstddef>

namespace ashlar::guard::large_blocks {

// A block of the window, which the live map covers; or of the fallback if the window cannot serve; or null
// with ENOMEM. `room` to grow into is looked for if a block grows.
enum class Contents : unsigned char { kAny, kZero, kGrowing };
void* allocate(const canary::Facts& facts, Contents contents);

const canary::Facts& facts_of(const void* block);
// How many of the first bytes behind the block were written to.
std::size_t overflow(const void* block);

// Of a block that is live no more.
void release(void* block);

// Makes the block `size` bytes long where it is; false, with nothing changed, if that cannot be done.
bool resize_in_place(void* block, std::size_t size);

// The large block, in use or waiting, that the address lies in or between whose guards; null if there is
// none. For reports: searches.
void* around(const void* address);

bool return_all();   // that wait; true if there was something
std::size_t bytes(); // of pages that wait

os::Mutex<os::Rank::kQuarantine>& mutex();

} // namespace ashlar::guard::large_blocks
