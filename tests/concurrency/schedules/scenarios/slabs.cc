// SPDX-License-Identifier: MIT
//
// Slabs become empty, or purge unused pages, while other threads take their blocks and slices. The actors
// call bins directly, without caches.
#include "../scenarios.h"
#include "blocks.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "slab/supply.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <array>
#include <span>

namespace schedules {

namespace {

using ashlar::layout::SizeClass;
using ashlar::layout::SliceHeader;
using ashlar::slab::Bin;
using ashlar::slab::shard_pool;
using ashlar::slab::ShardPool;

template <std::size_t kSize>
struct Blocks {
    static constexpr SizeClass kClass = ashlar::layout::class_of(kSize);
    static constexpr SliceHeader kHeader{kClass, ShardPool::kCommon};

    static Bin& bin() { return shard_pool.bin(kHeader); }

    static void take(std::span<void*> into, std::uint64_t key) {
        std::size_t taken = 0;
        while (taken < into.size()) {
            const auto wanted = static_cast<std::uint32_t>(into.size() - taken);
            const std::uint32_t got =
                bin().take(kClass, ShardPool::kCommon, into.data() + taken + wanted, wanted);
            require(got != 0, "no memory for blocks");
            // take() stores the blocks at the end.
            std::move(into.begin() + static_cast<std::ptrdiff_t>(into.size() - got), into.end(),
                      into.begin() + static_cast<std::ptrdiff_t>(taken));
            taken += got;
        }
        for (void* const block : into)
            mark(block, kSize, key);
    }
    static void give(std::span<void* const> blocks, std::uint64_t key) {
        for (const void* const block : blocks) {
            require_marked(block, kSize, key);
            require(ashlar::layout::window.header_of(block) == kHeader, "a block's slice has another header");
        }
        bin().give(kHeader, blocks.data(), static_cast<std::uint32_t>(blocks.size()));
    }
};

// ---- New slabs: two threads find a bin without slabs

using Begun = Blocks<64>; // its slabs' bitmaps are outside the descriptor

std::array<std::array<void*, 2>, 2> of_new_slabs{};

template <unsigned kNumber>
void take_first_blocks() {
    Begun::take(of_new_slabs[kNumber], kNumber);
}

// ---- Empty slabs: two of three in use become free, and another class takes their slices

using Emptied = Blocks<8192>;
using Reusing = Blocks<7168>;

std::array<void*, 24> of_slabs{}; // the third is the current slab
std::array<void*, 2> taken_anew{};
std::array<void*, 2> of_another_class{};

void empty_one_slab() {
    Emptied::give(std::span(of_slabs).first<8>(), 1);
    Emptied::take(taken_anew, 2);
}

void empty_the_other() {
    Emptied::give(std::span(of_slabs).subspan<8, 8>(), 1);
}

void use_its_slices() {
    Reusing::take(of_another_class, 3);
    Reusing::give(of_another_class, 3);
    Reusing::bin().trim();
}

// ---- Unused pages: three slabs with few blocks in use

using Unused = Blocks<32768>;

std::array<void*, 24> of_three_slabs{}; // the blocks of a slab are adjacent
std::array<void*, 18> all_free_ones{};

constexpr unsigned kPerSlab = 8;

// Frees all but two blocks of each slab.
void unused_out() {
    Unused::take(of_three_slabs, 4);
    for (unsigned slab = 0; slab < 3; ++slab)
        Unused::give(std::span(of_three_slabs).subspan(slab * kPerSlab + 2, kPerSlab - 2), 4);
}

template <unsigned kFirst>
void give_one() {
    Unused::give({&of_three_slabs[kFirst], 1}, 4);
}

void take_all() {
    Unused::take(all_free_ones, 5);
}

// ---- Mixed slabs: two of three with few blocks in use become mixed, while these are freed

using Mixed = Blocks<8192>;
constexpr std::size_t kMixing = 4096;

std::array<void*, 17> of_slabs_to_mix{};
std::array<void*, 2> of_mixed_slabs{};

void give_as_free_does(void* block, std::size_t size, std::uint64_t key) {
    require_marked(block, size, key);
    const SliceHeader header = ashlar::layout::window.header_of(block);
    if (ashlar::slab::is_mixed(header)) {
        ashlar::slab::give_mixed(block, 0);
        return;
    }
    ashlar::slab::give(header, &block, 1);
}

void mix() {
    for (void*& block : of_mixed_slabs) {
        const auto c = ashlar::layout::class_of(kMixing);
        require(ashlar::slab::take(c, ShardPool::kCommon, &block + 1, 1) == 1, "no memory for a block");
        mark(block, kMixing, 5);
    }
}

void give_what_was_cached() {
    void* const block = of_slabs_to_mix[0];
    require_marked(block, 8192, 4);
    ashlar::slab::give(Mixed::kHeader, &block, 1);
}

void give_what_was_in_use() {
    give_as_free_does(of_slabs_to_mix[1], 8192, 4);
}

} // namespace

Scenario slab_begins() {
    return {.name = "slab_begins",
            .prepare = [] { ashlar_free(ashlar_malloc(1)); },
            .actors = {take_first_blocks<0>, take_first_blocks<1>},
            .check =
                [] {
                    for (const unsigned number : {0U, 1U})
                        Begun::give(of_new_slabs[number], number);
                    require_empty_heap();
                },
            .preemptions = 2};
}

Scenario slab_empties() {
    return {.name = "slab_empties",
            .prepare =
                [] {
                    ashlar_free(ashlar_malloc(1));
                    Emptied::take(of_slabs, 1);
                },
            .actors = {empty_one_slab, empty_the_other, use_its_slices},
            .check =
                [] {
                    Emptied::give(std::span(of_slabs).last<8>(), 1);
                    Emptied::give(taken_anew, 2);
                    require_empty_heap();
                },
            .preemptions = 2};
}

Scenario slab_purged() {
    return {.name = "slab_purged",
            .prepare =
                [] {
                    ashlar_free(ashlar_malloc(1));
                    ashlar::os::settings.dirty_limit.store(0,
                                                           std::memory_order_relaxed); // purges pages at once
                    unused_out();
                },
            .actors = {give_one<0>, give_one<1>, take_all},
            .check =
                [] {
                    for (const unsigned still : {8U, 9U, 16U, 17U})
                        Unused::give({&of_three_slabs[still], 1}, 4);
                    Unused::give(all_free_ones, 5);
                    require_empty_heap();
                },
            .preemptions = 2};
}

Scenario slab_mixed() {
    return {.name = "slab_mixed",
            .prepare =
                [] {
                    ashlar_free(ashlar_malloc(1));
                    ashlar::os::settings.dirty_limit.store(
                        0,
                        std::memory_order_relaxed); // at the first opportunity
                    Mixed::take(of_slabs_to_mix, 4);
                    Mixed::give(std::span(of_slabs_to_mix).subspan(2, 6), 4);
                    Mixed::give(std::span(of_slabs_to_mix).subspan(10, 6), 4);
                },
            .actors = {mix, give_what_was_cached, give_what_was_in_use},
            .check =
                [] {
                    for (void* const block : of_mixed_slabs)
                        give_as_free_does(block, kMixing, 5);
                    for (const unsigned still : {8U, 9U, 16U})
                        give_as_free_does(of_slabs_to_mix[still], 8192, 4);
                    require_empty_heap();
                },
            .preemptions = 1};
}

} // namespace schedules
