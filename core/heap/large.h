// SPDX-License-Identifier: MIT
//
// Large blocks: runs of 64 KiB slices from the window, one block each.
//
// The header of a block's first slice says "large block"; its length stands in that slice's descriptor, which
// a slab would use otherwise. Freed runs that the thread does not keep (see cache/kept_runs.h) are reused,
// lowest address first, and purged like all others. A block comes from the node of the thread that asks for
// it, if the machine has several. Alignments up to a slice cost nothing; larger ones take a longer run and
// return what lies around the block.
#pragma once

#include "layout/window.h"

#include <cstddef>
#include <cstdint>

namespace ashlar::heap::large {

// Class 0 keeps the block out of the fast paths; the shard tells it from a slice that is nothing.
inline constexpr layout::SliceHeader kHeader{0, 2};

// In the descriptor of a block's first slice: its length in slices, as 32 bits.
inline constexpr std::size_t kOffsetOfSlices = 0;

struct Block {
    void* start = nullptr; // null: the window or the system has no more
    bool zero = false;     // reads zero
};

// Memory that is to be zero is best clean, other best warm.
enum class Contents : unsigned char { kAny, kZero };
Block allocate(std::size_t size, std::size_t alignment, Contents contents);
// Likewise for the contents of a smaller one: what grew once will grow again, so there is room behind it if
// that can be had.
Block allocate_growing(std::size_t size);
// A block that another thread releases or resizes at the same time is reported, here and in the functions
// below: one of them gets it.
// Returns the number that the block has, which is 0 unless it was set.
std::uint32_t release(void* block);
std::size_t usable_size(const void* block);

// For samples (sampling.h). A block that is resized keeps its number, one that is moved has none.
std::uint32_t number_of(const void* block);
void set_number(void* block, std::uint32_t number);

// For reports. block_around(): the start of the large block in use that an address of the window lies in, or
// null. was_block(): one that was released began there, and nothing has come to its place.
const char* block_around(const void* address);
bool was_block(const void* address);

// Makes the block `size` long where it is, by taking the slices behind it or returning its tail; false if
// that cannot be done.
bool resize_in_place(void* block, std::size_t size);

// Moves a block that grows to a place that is large enough, by its page tables instead of its bytes. Null if
// that cannot be done, or if should_move() is false: it would not be cheaper than copying.
bool should_move(const void* block, std::size_t size);
void* resize_by_moving(void* block, std::size_t size);

} // namespace ashlar::heap::large
