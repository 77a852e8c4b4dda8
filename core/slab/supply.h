// SPDX-License-Identifier: MIT
//
// Takes and returns blocks for a shard. Blocks are taken from the bin of their class. If it has none and
// other bins are mostly free, they are taken from the shard's mixed slabs.
// Thread-safe. A slab may become mixed while its blocks are in thread caches. So a returned block is handled
// by its slice's current header.
#pragma once

#include "slab/mixed_slabs.h"
#include "slab/shard_pool.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace ashlar::slab {

// Takes up to `count` blocks, at least 1, and returns their number. Stores them as Slab::take does. Returns 0
// only if there is no memory.
std::uint32_t take(layout::SizeClass c, layout::Shard shard, void** end, std::uint32_t count);
// Takes back blocks whose slices had this header when they were released. Ends the process (see misuse.h) at
// the first address that is not a live block.
void give(layout::SliceHeader header, void* const* blocks, std::uint32_t count);

// For a block in a slice that is_mixed(). give_mixed() does the same as give(), and returns the number of a
// sampled block or 0. The block must be of class `c` unless `c` is 0. usable_size_mixed() returns the block's
// length.
std::uint32_t give_mixed(void* block, layout::SizeClass c);
std::size_t usable_size_mixed(const void* block);

// Takes a block that a profiler knows by `number`, from shard 0. Returns null if there is no memory.
void* take_sampled(layout::SizeClass c, std::uint32_t number);

// Describes the slab of a block in use. If another thread releases the block meanwhile, the result is zeros
// or describes another block.
Room room_beside(const void* block);

// Returns the mixed slabs of a shard, or null if it has none yet. Shard 0 has the sampled blocks.
MixedSlabs* mixed_slabs(layout::Shard shard);
extern constinit std::array<std::atomic<MixedSlabs*>, ShardPool::kMaxShards + 1> mixed_of_shard;

// Calls visit(mixed) for all mixed slabs, in the order in which fork locks them.
template <typename Visit>
void for_each_mixed(Visit visit) {
    for (unsigned s = 0; s <= shard_pool.created(); ++s) {
        if (MixedSlabs* const mixed = mixed_slabs(static_cast<layout::Shard>(s))) visit(*mixed);
    }
}

} // namespace ashlar::slab
