// SPDX-License-Identifier: MIT
#include "observe/tables.h"

#include "cache/thread_registry.h"
#include "guard/guard.h"
#include "heap/large.h"
#include "heap/sampling.h"
#include "layout/superslab.h"
#include "observe/outside_request.h"
#include "observe/statistics.h"
#include "os/counters.h"
#include "os/edition.h"
#include "os/mutex.h"
#include "slab/supply.h"

#include <array>
#include <cstddef>
#include <string_view>

#define ASHLAR_TABLES_SIZE 456

// The note. The distance to the structure is known at link time, so the note needs no relocation.
#define ASHLAR_STRING_OF(text) #text
#define ASHLAR_STRING(text) ASHLAR_STRING_OF(text)
asm(".pushsection .note.ashlar, \"a\", %note\n"
    "        .balign 4\n"
    "        .long 2f - 1f, 4f - 3f, " ASHLAR_STRING(
        ASHLAR_NOTE_TABLES) "\n"
                            "1:      .asciz \"" ASHLAR_NOTE_OWNER "\"\n"
                            "2:      .balign 4\n"
                            "3:      .long " ASHLAR_STRING(ASHLAR_TABLES_VERSION) ", " ASHLAR_STRING(
                                ASHLAR_TABLES_SIZE) "\n"
                                                    "        .quad ashlar_statistics_tables - 3b\n"
                                                    "4:\n"
                                                    "        .popsection\n");

// The tables have the offsets of private members, for readers that are not C++.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

namespace ashlar::observe {

namespace {

constexpr auto kClassRows = [] {
    std::array<ashlar_class_row, layout::kClasses> rows{};
    for (unsigned i = 1; i < layout::kClasses; ++i) {
        const layout::ClassShape& shape = layout::kShapes[i];
        const auto c = static_cast<layout::SizeClass>(i);
        rows[i] = {.size = shape.size,
                   .blocks = shape.blocks,
                   .slices = shape.slices,
                   .cache_counters = static_cast<std::uint16_t>(cache::ThreadCache::offset_of_counts(c)),
                   .reserved = 0};
    }
    return rows;
}();

} // namespace

// A friend of classes in other layers, so that it can read their private members.
struct Tables {
    static constexpr ashlar_tables make();
};

constexpr ashlar_tables Tables::make() {
    using cache::PointerStacks;
    using cache::ThreadCache;
    using layout::SliceMap;
    using slab::MixedSlab;
    using slab::MixedSlabs;
    using slab::Slab;
    layout::Window& window = layout::window;
    SliceMap& map = layout::superslabs.map_;
    ashlar_tables t{};
    t.version = ASHLAR_TABLES_VERSION;
    t.size = sizeof(t);
    constexpr std::string_view kVersion = ASHLAR_VERSION;
    static_assert(kVersion.size() < sizeof(t.library_version));
    for (std::size_t i = 0; i < kVersion.size(); ++i)
        t.library_version[i] = kVersion[i];
    t.hardened = os::kHardened ? 1 : 0;
    t.classes = layout::kClasses;
    t.slice_bytes = layout::kSliceSize;
    t.superslab_slices = layout::kSlicesPerSuperslab;

    t.window_base = &window.base;
    t.window_in_use = &window.sixteenths;
    t.window_slices = &window.end_slice;
    t.superslabs = &layout::superslabs.committed_;
    t.slices_in_use = &map.in_use_;
    t.large_slices = &layout::superslabs.large_;
    t.dirty_slices = &map.dirty_;
    t.absent_bytes = &layout::superslabs.absent_;
    t.shards = &slab::shard_pool.created_;
    t.threads = &cache::thread_registry.live_;
    t.caches = &cache::thread_registry.ever_used_;
    t.waiting_large_bytes = guard::waiting_large_counter();
    t.events = &os::counters;
    t.ended_refill_ticks = &cache::thread_registry.ended_refill_ticks;

    t.headers_start = &window.header_lines.start_;
    t.headers_bytes = &window.header_lines.committed_;
    t.descriptors_start = &window.slab_descriptors.start_;
    t.descriptors_bytes = &window.slab_descriptors.committed_;
    t.states_start = &window.superslab_states.start_;
    t.states_bytes = &window.superslab_states.committed_;
    t.caches_start = &window.threads.start_;
    t.caches_bytes = &window.threads.committed_;
    t.pool_start = &window.pool.start_;
    t.pool_bytes = &window.pool.committed_;
    t.live_table_start = &window.live_bytes.start_;
    t.live_table_bytes = &window.live_bytes.committed_;

    t.class_rows = kClassRows.data();
    t.ended = &cache::thread_registry.ended;

    t.shard_bins = &slab::shard_pool.bins_;
    t.shard_mixed = &slab::mixed_of_shard;
    t.bin_stride = sizeof(slab::Bin);
    t.bin_blocks_out = offsetof(slab::Bin, blocks_out_);
    t.bin_slabs = offsetof(slab::Bin, slabs_);
    t.mixed_size = sizeof(MixedSlabs);
    t.mixed_bytes_out = offsetof(MixedSlabs, bytes_out_);
    t.mixed_uses = offsetof(MixedSlabs, uses_) + offsetof(MixedSlabs::Use, present);
    t.mixed_use_stride = sizeof(MixedSlabs::Use);

    t.cache_stride = cache::ThreadRegistry::kCacheSize;
    t.cache_owner = offsetof(ThreadCache, owner);
    t.cache_capacity = offsetof(ThreadCache, classes) + offsetof(cache::ClassState, capacity);
    t.cache_capacity_stride = sizeof(cache::ClassState);
    t.cache_run_slices = offsetof(ThreadCache, runs) + offsetof(cache::KeptRuns, slices_);
    t.cache_refill_ticks = offsetof(ThreadCache, refill_ticks);

    t.stacks_size = sizeof(PointerStacks);
    t.stacks_tops = offsetof(PointerStacks, tops_);
    t.stacks_ends = offsetof(PointerStacks, ends_);

    t.descriptor_stride = layout::kSlabDescriptorSize;
    t.slab_words = offsetof(Slab, words_);
    t.slab_freed = offsetof(Slab, freed_);
    t.slab_fresh = offsetof(Slab, fresh_);
    t.slab_purged = offsetof(Slab, purged_);
    t.mixed_slab_maps = offsetof(MixedSlab, maps_);
    t.mixed_slab_used = offsetof(MixedSlab, used_);
    t.large_slices_here = heap::large::kOffsetOfSlices;

    t.group_stride = sizeof(SliceMap::Group);
    t.group_states = offsetof(SliceMap::Group, states);
    t.state_stride = sizeof(SliceMap::State);
    t.state_free = offsetof(SliceMap::State, free);
    t.state_dirty = offsetof(SliceMap::State, dirty);

    t.profile_control = os::kHardened ? nullptr : &heap::sampling::control;
    t.profile_request = os::kHardened ? nullptr : &profiler::outside.request;
    t.profile_answer = os::kHardened ? nullptr : &profiler::outside.last_answer;

    t.locks = &os::lock_counts;
    t.lock_names = lock_name(1);
    t.lock_kinds = kLockKinds;

    static_assert(sizeof(slab::Slab*) == sizeof(std::uint64_t) &&
                  sizeof(std::size_t) == sizeof(std::uint64_t));
    static_assert(offsetof(PointerStacks::Ends, full) == 2 && sizeof(PointerStacks::Ends) == 4);
    return t;
}

constinit const ashlar_tables kTables = Tables::make();

static_assert(sizeof(ashlar_tables) == ASHLAR_TABLES_SIZE, "what the note says");
static_assert(ASHLAR_SLICE_LARGE == heap::large::kHeader.shard() &&
              ASHLAR_SLICE_NO_BLOCK == layout::kUnused.shard() &&
              ASHLAR_SLICE_NOT_OURS == layout::kNotOurs.shard() &&
              ASHLAR_SLICE_FENCE == layout::kFence.shard() &&
              ASHLAR_SLICE_FENCE_CHANGING == layout::kBusyFence.shard() &&
              ASHLAR_SLICE_SAMPLED == slab::kSampled.shard() &&
              ASHLAR_SLICE_MIXED == slab::mixed_header(1).shard());
static_assert(ASHLAR_PROFILE_OFF == heap::sampling::kOff &&
              ASHLAR_PROFILE_RECORD == heap::sampling::kRecord &&
              ASHLAR_PROFILE_PAUSE == heap::sampling::kPause &&
              ASHLAR_PROFILE_STOP == heap::sampling::kStop &&
              ASHLAR_PROFILE_DUMP == heap::sampling::kDumpToo);
static_assert(sizeof(ashlar_cache_counters) == sizeof(cache::Counts) &&
              offsetof(ashlar_cache_counters, remote_frees) == offsetof(cache::Counts, remote_frees) &&
              offsetof(ashlar_cache_counters, releases) == offsetof(cache::Counts, releases));
static_assert(sizeof(ashlar_class_counters) == sizeof(cache::EndedCounts) &&
              offsetof(ashlar_class_counters, remote_frees) == offsetof(cache::EndedCounts, remote_frees) &&
              offsetof(ashlar_class_counters, releases) == offsetof(cache::EndedCounts, releases));
static_assert(sizeof(ashlar_lock_counters) == sizeof(os::LockCounts) &&
              offsetof(ashlar_lock_counters, wait_max_ns) == offsetof(os::LockCounts, wait_max_ns));
static_assert(offsetof(ashlar_event_counters, fallback_calls) == offsetof(os::Counters, fallback_calls) &&
              offsetof(ashlar_event_counters, growths) == offsetof(os::Counters, growths));

} // namespace ashlar::observe
