// SPDX-License-Identifier: MIT
#include "slab/supply.h"

#include "layout/metadata_pool.h"
#include "os/edition.h"
#include "slab/misuse.h"

#include <algorithm>
#include <array>
#include <new>

namespace ashlar::slab {

constinit std::array<std::atomic<MixedSlabs*>, ShardPool::kMaxShards + 1> mixed_of_shard{};

namespace {

constexpr unsigned kMostAtOnce = 8; // slabs made mixed, and blocks taken, per call

// Returns null if there is no memory, or during a fork.
MixedSlabs* make_mixed_slabs(layout::Shard shard) {
    if (MixedSlabs* const present = mixed_slabs(shard)) return present;
    if (os::forking != 0) return nullptr; // fork unlocks only what it locked
    const os::Guard guard(shard_pool.mutex());
    if (MixedSlabs* const present = mixed_slabs(shard)) return present;
    void* const memory = layout::metadata_pool.take(sizeof(MixedSlabs));
    if (memory == nullptr) return nullptr;
    mixed_of_shard[shard].store(new (memory) MixedSlabs(shard), std::memory_order_release);
    return mixed_slabs(shard);
}

// Makes slabs mixed whose gaps suit blocks of `size` bytes, from the bin with the most free memory.
void mix_slabs(std::size_t size, layout::Shard shard) {
    Bin* emptiest = nullptr;
    std::size_t most = 0;
    for (unsigned i = 1; i < layout::kClasses && layout::kShapes[i].slices == 1; ++i) {
        const auto c = static_cast<layout::SizeClass>(i);
        Bin& bin = shard_pool.bin({c, shard});
        const std::size_t free = bin.free_bytes(c);
        if (free > most && bin.mostly_free(c, size)) {
            most = free;
            emptiest = &bin;
        }
    }
    if (emptiest == nullptr) return;
    if (MixedSlabs* const mixed = make_mixed_slabs(shard)) {
        mixed->note_search(emptiest->give_up_slabs(*mixed, size, kMostAtOnce) != 0);
    }
}

std::uint32_t take_mixed(layout::SizeClass c, layout::Shard shard, void** end, std::uint32_t count) {
    if (os::kHardened || !MixedSlabs::serve(c) || shard > kMostMixingShards) return 0;
    MixedSlabs* mixed = mixed_slabs(shard);
    if (mixed != nullptr) {
        if (mixed->churns(c)) return 0;
        if (const std::uint32_t taken = mixed->take(c, end, std::min(count, kMostAtOnce)); taken != 0)
            return taken;
    }
    if (!Bin::many_mostly_free() || (mixed != nullptr && mixed->skips_search())) return 0;
    mix_slabs(layout::class_size(c), shard);
    mixed = mixed_slabs(shard);
    return mixed != nullptr ? mixed->take(c, end, std::min(count, kMostAtOnce)) : 0;
}

MixedSlabs& mixed_slabs_of(const void* block, Found found) {
    const layout::SliceHeader header = layout::window.header_of(block);
    // Otherwise the block was freed before and its slab dissolved.
    if (!is_mixed(header)) report(Fault::kDoubleFree, block, found);
    return *mixed_slabs(owner_of_mixed(header));
}

} // namespace

MixedSlabs* mixed_slabs(layout::Shard shard) {
    return mixed_of_shard[shard].load(std::memory_order_acquire);
}

std::uint32_t take(layout::SizeClass c, layout::Shard shard, void** end, std::uint32_t count) {
    Bin& bin = shard_pool.bin({c, shard});
    if (const std::uint32_t taken = bin.take_free(end, count); taken != 0) return taken;
    if (const std::uint32_t taken = take_mixed(c, shard, end, count); taken != 0) return taken;
    return bin.take(c, shard, end, count);
}

void give(layout::SliceHeader header, void* const* blocks, std::uint32_t count) {
    void* const* const end = blocks + count;
    while (blocks != end) {
        blocks += shard_pool.bin(header).give(header, blocks, static_cast<std::uint32_t>(end - blocks));
        if (blocks == end) return;
        mixed_slabs_of(*blocks, Found::kLater).give(*blocks, header.size_class());
        ++blocks;
    }
}

std::uint32_t give_mixed(void* block, layout::SizeClass c) {
    return mixed_slabs_of(block, c == 0 ? Found::kInTheCall : Found::kLater).give(block, c);
}

Room room_beside(const void* block) {
    const layout::SliceHeader header = layout::window.header_of(block);
    if (header.size_class() != 0) return shard_pool.bin(header).room_beside(header, block);
    MixedSlabs* const mixed = is_mixed(header) ? mixed_slabs(owner_of_mixed(header)) : nullptr;
    return mixed != nullptr ? mixed->room_beside(block) : Room{0, 0};
}

void* take_sampled(layout::SizeClass c, std::uint32_t number) {
    MixedSlabs* const sampled = make_mixed_slabs(0);
    const os::Node node = os::nodes() == 1 ? os::Node{0} : os::current_node();
    return sampled != nullptr ? sampled->take_sampled(c, number, node) : nullptr;
}

std::size_t usable_size_mixed(const void* block) {
    return mixed_slabs_of(block, Found::kInTheCall).usable_size(block);
}

} // namespace ashlar::slab
