// SPDX-License-Identifier: MIT
//
// Where a shard's blocks come from and go back to: the bin of their class or, when that has none and other
// bins are mostly free, the shard's mixed slabs.
//
// Thread-safe. Blocks may be in a thread's cache while their slab becomes mixed: what comes back is looked at
// by the header that its page has now.
#pragma once

#include "slab/mixed_slabs.h"
#include "slab/shard_pool.h"

#include <atomic>
#include <cstdint>

namespace ashlar::slab {

// Up to `count` blocks, which is at least 1, stored as Slab::take does; zero only if there is no memory.
std::uint32_t take(layout::SizeClass c, layout::Shard shard, void** end, std::uint32_t count);
// Takes back blocks whose pages had this header when they came; ends the process (see misuse.h) at the first
// address that is no live block.
void give(layout::PageHeader header, void* const* blocks, std::uint32_t count);

// Of a page that is_mixed(): likewise, a block of class `c` if that is not 0; and the length of a block.
void give_mixed(void* block, layout::SizeClass c);
std::size_t usable_size_mixed(const void* block);

// A shard's mixed slabs; null if it has none yet.
MixedSlabs* mixed_slabs(layout::Shard shard);

// Calls visit(mixed) for the mixed slabs of every shard that has some, in the order in which fork locks them.
template <typename Visit>
void for_each_mixed(Visit visit) {
    for (unsigned s = 1; s <= shard_pool.created(); ++s) {
        if (MixedSlabs* const mixed = mixed_slabs(static_cast<layout::Shard>(s))) visit(*mixed);
    }
}

} // namespace ashlar::slab
