// SPDX-License-Identifier: MIT
#include "observe/statistics.h"

#include "cache/drain.h"
#include "cache/thread_registry.h"
#include "guard/guard.h"
#include "heap/fallback.h"
#include "heap/heap.h"
#include "layout/superslab.h"
#include "observe/residence.h"
#include "os/clock.h"
#include "os/counters.h"
#include "os/mutex.h"
#include "slab/supply.h"

#include <algorithm>
#include <cstdint>

namespace ashlar::observe {

namespace {

std::size_t cached_blocks(const cache::ThreadCache& cache, const cache::PointerStacks& held,
                          layout::SizeClass c) {
    const std::size_t capacity = cache.classes[c].capacity.load(std::memory_order_relaxed);
    const std::size_t local = std::min<std::size_t>(capacity, held.count(c));
    const std::size_t remote = capacity - std::min<std::size_t>(capacity, held.limit(c));
    return std::min(capacity, local + remote);
}

std::size_t load(const auto& counter) {
    return counter.load(std::memory_order_relaxed);
}

// Adds the counts of ended threads for all classes.
void add_ended_counts(ashlar_statistics& s, std::uint64_t& ticks) {
    for (const cache::EndedCounts& ended : cache::thread_registry.ended) {
        s.refills += load(ended.refills);
        s.flushes += load(ended.flushes);
        s.remote_frees += load(ended.remote_frees);
        s.allocations += load(ended.allocations);
        s.releases += load(ended.releases);
    }
    ticks += load(cache::thread_registry.ended_refill_ticks);
}

// Estimates residence without asking the kernel: all free memory is as resident as it can be.
Residence assume_resident(const ashlar_statistics& s, std::size_t slabs, std::size_t large) {
    const auto absent =
        static_cast<std::size_t>(std::max<std::ptrdiff_t>(layout::superslabs.absent_bytes(), 0));
    return {.known = false,
            .slabs = slabs - std::min(slabs, absent),
            .large = large,
            .free = s.dirty,
            .metadata = s.metadata};
}

} // namespace

ashlar_statistics gather() {
    ashlar_statistics s = gather_heap();
    s.fallback = heap::fallback::allocated_bytes();
    return s;
}

ashlar_statistics gather_heap() {
    ashlar_statistics s{};
    std::size_t out = 0;
    slab::shard_pool.for_each_bin([&out](layout::SliceHeader header, slab::Bin& bin) {
        out += bin.blocks_out() * layout::class_size(header.size_class());
    });
    slab::for_each_mixed([&out](slab::MixedSlabs& mixed) { out += mixed.bytes_out(); });
    // Leaves out the profiler's samples, because a block of its class stands for each of them.
    if (const slab::MixedSlabs* const samples = slab::mixed_slabs(0)) out -= samples->bytes_out();
    std::size_t runs = 0; // kept by threads, bytes
    std::uint64_t ticks = 0;
    const auto add_cached = [&](const cache::ThreadCache& cache, const cache::PointerStacks& held) {
        for (unsigned i = 1; i < layout::kClasses; ++i) {
            const auto c = static_cast<layout::SizeClass>(i);
            s.cached += cached_blocks(cache, held, c) * layout::class_size(c);
        }
        runs += cache.runs.slices() * layout::kSliceSize;
    };
    cache::for_each_left(add_cached);
    cache::thread_registry.for_each([&](cache::ThreadCache& cache) {
        add_cached(cache, *cache.owner);
        cache.for_each_counted([&s](layout::SizeClass, const cache::Counts& counts) {
            s.refills += load(counts.refills);
            s.flushes += load(counts.flushes);
            s.remote_frees += load(counts.remote_frees);
            s.allocations += load(counts.allocations);
            s.releases += load(counts.releases);
        });
        ticks += load(cache.refill_ticks);
    });
    add_ended_counts(s, ticks);
    s.cached = std::min(s.cached + guard::waiting_bytes(), out);
    const std::size_t in_use = layout::superslabs.slices_in_use() * layout::kSliceSize;
    const std::size_t large = layout::superslabs.large_slices() * layout::kSliceSize;
    const std::size_t in_blocks = large - std::min(large, runs);
    s.large = in_blocks - std::min(in_blocks, guard::waiting_large_bytes());
    s.allocated = out - s.cached + s.large;
    s.cached += runs;
    s.window = layout::window.capacity();
    s.committed = layout::superslabs.committed();
    s.slabs = in_use - std::min(in_use, in_blocks);
    s.dirty = layout::superslabs.dirty_slices() * layout::kSliceSize;
    s.clean = s.committed - std::min(s.committed, in_use + s.dirty);
    s.metadata = layout::window.metadata_committed();
    s.threads = cache::thread_registry.live();
    s.shards = slab::shard_pool.created();
    s.fallback_only = heap::serving() ? 0 : 1;
    s.growth_blocked = layout::window.is_blocked() ? 1 : 0;
    s.refill_ns = os::nanoseconds(ticks);
    s.purges = load(os::counters.purges);
    s.purged = load(os::counters.purged_bytes);
    s.growths = load(os::counters.growths);
    s.fallback_calls = load(os::counters.fallback_calls);
    s.break_ups = load(os::counters.break_ups);
    return s;
}

ashlar_statistics gather_all() {
    ashlar_statistics s = gather();
    const std::size_t large = layout::superslabs.large_slices() * layout::kSliceSize;
    const std::size_t in_use = layout::superslabs.slices_in_use() * layout::kSliceSize;
    const std::size_t slabs = in_use - std::min(in_use, large);
    const std::size_t held = s.allocated + s.cached; // bytes in slabs and in large blocks
    const std::size_t out = held - std::min(held, large);
    Residence residence = measure_residence();
    if (!residence.known) residence = assume_resident(s, slabs, large);
    const auto missing = [](std::size_t of, std::size_t have) { return of - std::min(of, have); };
    s.residence_unknown = residence.known ? 0 : 1;
    s.resident = residence.slabs + residence.large + residence.free + residence.metadata;
    s.untouched = missing(large, residence.large) + missing(out, residence.slabs);
    s.free_resident = missing(residence.slabs, out);
    s.free_absent = missing(slabs, out + s.free_resident);
    s.dirty_resident = residence.free;
    s.metadata_resident = residence.metadata;
    return s;
}

ashlar_class_statistics gather_class(unsigned number) {
    const auto c = static_cast<layout::SizeClass>(number);
    const layout::ClassShape& shape = layout::kShapes[c];
    ashlar_class_statistics s{};
    std::size_t out = 0;   // blocks out of slabs of the class
    std::size_t mixed = 0; // blocks out of mixed slabs
    for (unsigned shard = 1; shard <= slab::shard_pool.created(); ++shard) {
        slab::Bin& bin = slab::shard_pool.bin({c, static_cast<layout::Shard>(shard)});
        out += bin.blocks_out();
        s.slabs += bin.slabs();
    }
    slab::for_each_mixed([&mixed, c](slab::MixedSlabs& slabs) { mixed += slabs.blocks_out(c); });
    if (const slab::MixedSlabs* const samples = slab::mixed_slabs(0)) mixed -= samples->blocks_out(c);
    cache::for_each_left([&s, c](const cache::ThreadCache& cache, const cache::PointerStacks& held) {
        s.cached += cached_blocks(cache, held, c);
    });
    cache::thread_registry.for_each([&s, c](cache::ThreadCache& cache) {
        s.cached += cached_blocks(cache, *cache.owner, c);
        if (!cache.has_counted(c)) return;
        const cache::Counts& counts = cache.counts(c);
        s.refills += load(counts.refills);
        s.flushes += load(counts.flushes);
        s.remote_frees += load(counts.remote_frees);
        s.allocations += load(counts.allocations);
        s.releases += load(counts.releases);
    });
    const cache::EndedCounts& ended = cache::thread_registry.ended[c];
    s.refills += load(ended.refills);
    s.flushes += load(ended.flushes);
    s.remote_frees += load(ended.remote_frees);
    s.allocations += load(ended.allocations);
    s.releases += load(ended.releases);
    s.size = shape.size;
    s.cached = std::min(s.cached, out + mixed);
    s.live = out + mixed - s.cached;
    s.slab_bytes = s.slabs * shape.slices * layout::kSliceSize;
    s.free = s.slabs * shape.blocks - std::min(s.slabs * shape.blocks, out);
    return s;
}

ashlar_lock_statistics gather_lock(unsigned number) {
    const os::LockCounts& counts = os::lock_counts[number - 1];
    return {.acquisitions = load(counts.acquisitions),
            .contended = load(counts.contended),
            .wait_ns = load(counts.wait_ns),
            .wait_max_ns = load(counts.wait_max_ns)};
}

static_assert(kLockKinds == os::kRanks);

} // namespace ashlar::observe
