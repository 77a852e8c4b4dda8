// SPDX-License-Identifier: MIT
#include "cache/returns.h"

#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/probe.h"
#include "slab/misuse.h"
#include "slab/supply.h"

#include <algorithm>
#include <cstring>

namespace ashlar::cache {

using layout::class_size;
using layout::SizeClass;
using layout::SliceHeader;

namespace {

void end_stack(ThreadCache& cache, SizeClass c) {
    void** const slots = cache.owner->slots(c);
    const std::size_t capacity = cache.classes[c].capacity;
    use_empty(cache, c, nullptr, 0);
    free_slots(cache, c, slots, capacity);
}

// Returns remote blocks, one batch per shard. Reorders them.
void send_home(SizeClass c, PointerStacks::Blocks remote) {
    void** first = remote.first;
    void** const end = first + remote.count;
    while (first != end) {
        const SliceHeader header = layout::window.header_of(*first);
        void** const others = std::partition(
            first, end, [header](const void* p) { return layout::window.header_of(p) == header; });
        if (slab::is_mixed(header)) {
            std::for_each(first, others, [c](void* p) { slab::give_mixed(p, c); });
        } else {
            if (header.size_class() != c) slab::report(slab::Fault::kDoubleFree, *first, slab::Found::kLater);
            slab::give(header, first, static_cast<std::uint32_t>(others - first));
        }
        first = others;
    }
}

void drain(ThreadCache& cache, SizeClass c) {
    PointerStacks& theirs = *cache.owner;
    ClassState& state = cache.classes[c];
    const std::uint32_t capacity = state.capacity;
    const PointerStacks::Blocks local = theirs.local(c);
    const PointerStacks::Blocks remote = theirs.remote(c, capacity);
    if (local.count + remote.count == 0) return;
    count(cache, c, &Counts::flushes, &EndedCounts::flushes);
    count(cache, c, &Counts::remote_frees, &EndedCounts::remote_frees, remote.count);
    ASHLAR_PROBE2(flush, class_size(c), local.count + remote.count);
    theirs.set_bottom(c, local.first + local.count);
    Counts& counts = cache.counts(c);
    counts.drained_below = static_cast<std::uint16_t>(counts.drained_below + local.count);
    counts.drained_above = static_cast<std::uint16_t>(counts.drained_above + remote.count);
    const std::uint32_t rest = capacity - local.count - remote.count;
    state.capacity.store(static_cast<std::uint16_t>(rest), std::memory_order_relaxed);
    if (local.count != 0) slab::give({c, theirs.shard()}, local.first, local.count);
    send_home(c, remote);
}

void close_gaps(ThreadCache& cache, SizeClass c, Counts& counts) {
    PointerStacks& mine = *cache.owner;
    ClassState& state = cache.classes[c];
    const std::uint32_t rest = state.capacity;
    const std::uint32_t capacity = rest + counts.drained_below + counts.drained_above;
    if (capacity == rest) return;
    const PointerStacks::Blocks local = mine.local(c);
    const PointerStacks::Blocks remote = mine.remote(c, rest);
    void** const slots = local.first - counts.drained_below;
    const std::uint32_t limit = capacity - remote.count;
    std::memmove(slots, local.first, local.count * sizeof(void*));
    std::memmove(slots + limit, remote.first, remote.count * sizeof(void*));
    state.capacity.store(static_cast<std::uint16_t>(capacity), std::memory_order_relaxed);
    counts.drained_below = 0;
    counts.drained_above = 0;
    mine.use(c, slots, local.count, limit);
}

bool holds_nothing(const ThreadCache& cache, SizeClass c) {
    return cache.owner->count(c) == 0 && cache.owner->limit(c) == cache.classes[c].capacity;
}

} // namespace

void free_slots(ThreadCache& cache, SizeClass c, void** slots, std::size_t capacity) {
    if (slots == cache.first_slots(c) || slots == nullptr) return;
    layout::metadata_pool.give(slots, capacity * sizeof(void*));
}

void use_empty(ThreadCache& cache, SizeClass c, void** slots, std::size_t capacity) {
    ClassState& state = cache.classes[c];
    cache.add_stack_bytes((capacity - state.capacity) * class_size(c)); // the difference may be negative
    state.capacity.store(static_cast<std::uint16_t>(capacity), std::memory_order_relaxed);
    cache.owner->use(c, slots, 0, static_cast<std::uint32_t>(capacity));
}

void return_remote(ThreadCache& cache, SizeClass c) {
    PointerStacks& mine = *cache.owner;
    const std::uint32_t capacity = cache.classes[c].capacity;
    count(cache, c, &Counts::flushes, &EndedCounts::flushes);
    count(cache, c, &Counts::remote_frees, &EndedCounts::remote_frees, capacity - mine.limit(c));
    ASHLAR_PROBE2(flush, class_size(c), capacity - mine.limit(c));
    const PointerStacks::Blocks remote = mine.remote(c, capacity);
    mine.set_limit(c, capacity);
    send_home(c, remote);
}

void return_local(ThreadCache& cache, SizeClass c, std::uint32_t returned) {
    PointerStacks& mine = *cache.owner;
    void** const slots = mine.slots(c);
    const SliceHeader header{c, mine.shard()};
    const std::uint32_t kept = mine.count(c) - returned;
    count(cache, c, &Counts::flushes, &EndedCounts::flushes);
    ASHLAR_PROBE2(flush, class_size(c), returned);
    mine.set_count(c, 0); // a child forked from here on must not find returned blocks
    slab::give(header, slots, returned);
    std::memmove(slots, slots + returned, kept * sizeof(void*));
    mine.set_count(c, kept);
}

void return_all(ThreadCache& cache, SizeClass c) {
    if (cache.owner->count(c) != 0) return_local(cache, c, cache.owner->count(c));
    if (cache.owner->limit(c) != cache.classes[c].capacity) return_remote(cache, c);
}

void make_empty(ThreadCache& cache, SizeClass c) {
    return_all(cache, c);
    if (cache.classes[c].capacity != 0) end_stack(cache, c);
}

void return_run(layout::Slice first, std::size_t slices) {
    layout::superslabs.note_large(-static_cast<std::ptrdiff_t>(slices));
    layout::superslabs.give(first, slices);
}

void return_everything(ThreadCache& cache) {
    for (unsigned i = 1; i < layout::kClasses; ++i)
        make_empty(cache, static_cast<SizeClass>(i));
    cache.runs.give_all(return_run);
}

void drain(ThreadCache& cache) {
    for (unsigned i = 1; i < layout::kClasses; ++i)
        drain(cache, static_cast<SizeClass>(i));
    cache.stack_bytes.store(0, std::memory_order_relaxed);
    cache.drained = true;
    cache.runs.give_all(return_run);
}

void close_gaps(ThreadCache& cache) {
    cache.drained = false;
    cache.for_each_counted([&](SizeClass c, Counts& counts) { close_gaps(cache, c, counts); });
    std::size_t bytes = 0;
    for (unsigned i = 1; i < layout::kClasses; ++i)
        bytes += cache.classes[i].capacity * class_size(static_cast<SizeClass>(i));
    cache.stack_bytes.store(bytes, std::memory_order_relaxed);
    for (unsigned i = 1; i < layout::kClasses; ++i) {
        const auto c = static_cast<SizeClass>(i);
        if (cache.classes[c].capacity != 0 && holds_nothing(cache, c)) end_stack(cache, c);
    }
}

} // namespace ashlar::cache
