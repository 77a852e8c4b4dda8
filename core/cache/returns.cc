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
using layout::PageHeader;
using layout::SizeClass;

namespace {

void end_stack(Chunk& chunk, SizeClass c) {
    void** const slots = chunk.owner->slots(c);
    const std::size_t capacity = chunk.classes[c].capacity;
    use_empty(chunk, c, nullptr, 0);
    free_slots(chunk, c, slots, capacity);
}

// Foreign blocks, those of one shard in one batch. Changes their order.
void send_home(SizeClass c, PointerStacks::Blocks foreign) {
    void** first = foreign.first;
    void** const end = first + foreign.count;
    while (first != end) {
        const PageHeader header = layout::window.header_of(*first);
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

void drain(Chunk& chunk, SizeClass c) {
    PointerStacks& theirs = *chunk.owner;
    ClassState& state = chunk.classes[c];
    const std::uint32_t capacity = state.capacity;
    const PointerStacks::Blocks local = theirs.local(c);
    const PointerStacks::Blocks foreign = theirs.foreign(c, capacity);
    if (local.count + foreign.count == 0) return;
    count(chunk, c, &Counts::flushes, &EndedCounts::flushes);
    count(chunk, c, &Counts::remote_frees, &EndedCounts::remote_frees, foreign.count);
    ASHLAR_PROBE2(flush, class_size(c), local.count + foreign.count);
    theirs.set_bottom(c, local.first + local.count);
    Counts& counts = chunk.counts(c);
    counts.drained_below = static_cast<std::uint16_t>(counts.drained_below + local.count);
    counts.drained_above = static_cast<std::uint16_t>(counts.drained_above + foreign.count);
    const std::uint32_t rest = capacity - local.count - foreign.count;
    state.capacity.store(static_cast<std::uint16_t>(rest), std::memory_order_relaxed);
    if (local.count != 0) slab::give({c, theirs.shard()}, local.first, local.count);
    send_home(c, foreign);
}

void close_gaps(Chunk& chunk, SizeClass c, Counts& counts) {
    PointerStacks& mine = *chunk.owner;
    ClassState& state = chunk.classes[c];
    const std::uint32_t rest = state.capacity;
    const std::uint32_t capacity = rest + counts.drained_below + counts.drained_above;
    if (capacity == rest) return;
    const PointerStacks::Blocks local = mine.local(c);
    const PointerStacks::Blocks foreign = mine.foreign(c, rest);
    void** const slots = local.first - counts.drained_below;
    const std::uint32_t limit = capacity - foreign.count;
    std::memmove(slots, local.first, local.count * sizeof(void*));
    std::memmove(slots + limit, foreign.first, foreign.count * sizeof(void*));
    state.capacity.store(static_cast<std::uint16_t>(capacity), std::memory_order_relaxed);
    counts.drained_below = 0;
    counts.drained_above = 0;
    mine.use(c, slots, local.count, limit);
}

bool holds_nothing(const Chunk& chunk, SizeClass c) {
    return chunk.owner->count(c) == 0 && chunk.owner->limit(c) == chunk.classes[c].capacity;
}

} // namespace

void free_slots(Chunk& chunk, SizeClass c, void** slots, std::size_t capacity) {
    if (slots == chunk.first_slots(c) || slots == nullptr) return;
    layout::metadata_pool.give(slots, capacity * sizeof(void*));
}

void use_empty(Chunk& chunk, SizeClass c, void** slots, std::size_t capacity) {
    ClassState& state = chunk.classes[c];
    chunk.add_stack_bytes((capacity - state.capacity) * class_size(c)); // or less
    state.capacity.store(static_cast<std::uint16_t>(capacity), std::memory_order_relaxed);
    chunk.owner->use(c, slots, 0, static_cast<std::uint32_t>(capacity));
}

void return_foreign(Chunk& chunk, SizeClass c) {
    PointerStacks& mine = *chunk.owner;
    const std::uint32_t capacity = chunk.classes[c].capacity;
    count(chunk, c, &Counts::flushes, &EndedCounts::flushes);
    count(chunk, c, &Counts::remote_frees, &EndedCounts::remote_frees, capacity - mine.limit(c));
    ASHLAR_PROBE2(flush, class_size(c), capacity - mine.limit(c));
    const PointerStacks::Blocks foreign = mine.foreign(c, capacity);
    mine.set_limit(c, capacity);
    send_home(c, foreign);
}

void return_local(Chunk& chunk, SizeClass c, std::uint32_t returned) {
    PointerStacks& mine = *chunk.owner;
    void** const slots = mine.slots(c);
    const PageHeader header{c, mine.shard()};
    const std::uint32_t kept = mine.count(c) - returned;
    count(chunk, c, &Counts::flushes, &EndedCounts::flushes);
    ASHLAR_PROBE2(flush, class_size(c), returned);
    mine.set_count(c, 0); // a child that is forked from here on must not find blocks that were given back
    slab::give(header, slots, returned);
    std::memmove(slots, slots + returned, kept * sizeof(void*));
    mine.set_count(c, kept);
}

void return_all(Chunk& chunk, SizeClass c) {
    if (chunk.owner->count(c) != 0) return_local(chunk, c, chunk.owner->count(c));
    if (chunk.owner->limit(c) != chunk.classes[c].capacity) return_foreign(chunk, c);
}

void make_empty(Chunk& chunk, SizeClass c) {
    return_all(chunk, c);
    if (chunk.classes[c].capacity != 0) end_stack(chunk, c);
}

void return_run(layout::Page first, std::size_t pages) {
    layout::superslabs.note_large(-static_cast<std::ptrdiff_t>(pages));
    layout::superslabs.give(first, pages);
}

void return_everything(Chunk& chunk) {
    for (unsigned i = 1; i < layout::kClasses; ++i)
        make_empty(chunk, static_cast<SizeClass>(i));
    chunk.runs.give_all(return_run);
}

void drain(Chunk& chunk) {
    for (unsigned i = 1; i < layout::kClasses; ++i)
        drain(chunk, static_cast<SizeClass>(i));
    chunk.stack_bytes.store(0, std::memory_order_relaxed);
    chunk.drained = true;
    chunk.runs.give_all(return_run);
}

void close_gaps(Chunk& chunk) {
    chunk.drained = false;
    chunk.for_each_counted([&](SizeClass c, Counts& counts) { close_gaps(chunk, c, counts); });
    std::size_t bytes = 0;
    for (unsigned i = 1; i < layout::kClasses; ++i)
        bytes += chunk.classes[i].capacity * class_size(static_cast<SizeClass>(i));
    chunk.stack_bytes.store(bytes, std::memory_order_relaxed);
    for (unsigned i = 1; i < layout::kClasses; ++i) {
        const auto c = static_cast<SizeClass>(i);
        if (chunk.classes[c].capacity != 0 && holds_nothing(chunk, c)) end_stack(chunk, c);
    }
}

} // namespace ashlar::cache
