// SPDX-License-Identifier: MIT
//
// Where a shard's blocks come from and go back to. That is the bin of their class. When it has none and other
// bins are mostly free, it is the shard's mixed slabs.
//
// Thread-safe. Blocks may be in a thread's cache while their slab becomes mixed. What comes back is looked at
// by the header that its slice has now.
#pragma once

#include "slab/mixed_slabs.h"
#include "slab/shard_pool.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace ashlar::slab {

// Up to `count` blocks, which is at least 1, stored as Slab::take does; zero only if there is no memory.
std::uint32_t take(layout::SizeClass c, layout::Shard shard, void** end, std::uint32_t count);
// Takes back blocks whose slices had this header when they came; ends the process (see misuse.h) at the first
// address that is no live block.
void give(layout::SliceHeader header, void* const* blocks, std::uint32_t count);

// Of a slice that is_mixed(). give_mixed(): likewise, a block of class `c` if that is not 0, and its number
// if it was sampled. usable_size_mixed(): the length of a block.
std::uint32_t give_mixed(void* block, layout::SizeClass c);
std::size_t usable_size_mixed(const void* block);

// A block that a profiler will know by this number, apart from all others; null if there is no memory.
void* take_sampled(layout::SizeClass c, std::uint32_t number);

// What lies beside a block in use that may be released meanwhile; then all 0, or another block's.
Room room_beside(const void* block);

// A shard's mixed slabs, or with 0 those of sampled blocks; null if it has none yet.
MixedSlabs* mixed_slabs(layout::Shard shard);
extern constinit std::array<std::atomic<MixedSlabs*>, ShardPool::kMaxShards + 1> mixed_of_shard;

// Calls visit(mixed) for all mixed slabs that there are, in the order in which fork locks them.
template <typename Visit>
void for_each_mixed(Visit visit) {
    for (unsigned s = 0; s <= shard_pool.created(); ++s) {
        if (MixedSlabs* const mixed = mixed_slabs(static_cast<layout::Shard>(s))) visit(*mixed);
    }
}

} // namespace ashlar::slab
