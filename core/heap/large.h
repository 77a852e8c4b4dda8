// SPDX-License-Identifier: MIT
//
// Large blocks: runs of 64 KiB slices from the window, one block each.
// The header of the first slice says "large block". The length is stored in that slice's descriptor, in place
// of a slab. Freed runs that the thread does not keep (see cache/kept_runs.h) are reused, lowest address
// first, and purged like other slices. On a machine with several nodes a block is taken from the node of the
// calling thread. Alignments up to 64 KiB cost nothing. Larger ones take a longer run and return the slices
// around the block.
#pragma once

#include "layout/window.h"

#include <cstddef>
#include <cstdint>

namespace ashlar::heap::large {

// Class 0 keeps the block out of the fast paths. The shard byte distinguishes it from an unused slice.
inline constexpr layout::SliceHeader kHeader{0, 2};

// Offset of the length in the first slice's descriptor: slices, as 32 bits.
inline constexpr std::size_t kOffsetOfSlices = 0;

struct Block {
    void* start = nullptr; // null if the window or the system has no more
    bool zero = false;     // the block reads zero
};

// kZero prefers clean slices, kAny prefers warm ones.
enum class Contents : unsigned char { kAny, kZero };
Block allocate(std::size_t size, std::size_t alignment, Contents contents);
// Allocates for the contents of a smaller block, with free slices behind it if possible. A block that grew
// once is likely to grow again.
Block allocate_growing(std::size_t size);
// These functions report a block that another thread releases or resizes at the same time. Only one of the
// threads gets the block. release() returns the block's number, or 0 if it has none.
std::uint32_t release(void* block);
std::size_t usable_size(const void* block);

// Sample numbers (sampling.h). A block resized in place keeps its number, a moved one has none.
std::uint32_t number_of(const void* block);
void set_number(void* block, std::uint32_t number);

// For reports. block_around() returns the start of the large block in use around an address of the window, or
// null. was_block() returns whether a released large block started there and the place is still free.
const char* block_around(const void* address);
bool was_block(const void* address);

// Resizes in place, by taking the slices behind or returning the tail. Returns false if that is impossible.
bool resize_in_place(void* block, std::size_t size);

// Grow a block by moving its page tables, not its bytes. should_move() returns false if a copy is at least as
// cheap. resize_by_moving() returns null in that case, or if the move is impossible.
bool should_move(const void* block, std::size_t size);
void* resize_by_moving(void* block, std::size_t size);

} // namespace ashlar::heap::large
