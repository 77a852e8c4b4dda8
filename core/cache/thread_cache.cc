// SPDX-License-Identifier: MIT
#include "cache/thread_cache.h"

#include "cache/thread_registry.h"
#include "cache/upkeep.h"
#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "os/thread_exit.h"
#include "os/topology.h"
#include "slab/misuse.h"
#include "slab/supply.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ashlar::cache {

constinit thread_local PointerStacks stacks;

namespace {

using layout::class_size;
using layout::kClasses;
using layout::PageHeader;
using layout::SizeClass;
using slab::shard_pool;

// How deep a stack may get, in bytes of blocks and in entries: at the start, when a class keeps growing, and
// when refills and flushes alternate. Large blocks keep a few entries all the same.
struct Depth {
    std::size_t bytes;
    std::size_t least;
    std::size_t most;
};
constexpr Depth kFirst{.bytes = 32 * 1024, .least = 2, .most = kFirstDepth};
constexpr Depth kGrowing{.bytes = 8 * 1024, .least = 4, .most = 256};
constexpr Depth kAlternating{.bytes = 256 * 1024, .least = 8, .most = 1024};
static_assert(kAlternating.most * sizeof(void*) < PointerStacks::kArrayBytes);

// Of its bin's blocks in use and in caches a stack is deepened to at most this share: with more, caches still
// grow after hundreds of millions of operations; with half, slow calls take a twentieth of the time of a mix
// of sizes. Of its depth a refill that follows another fills as much, because a flush may be next.
constexpr std::size_t three_quarters(std::size_t count) {
    return count - count / 4;
}
constexpr std::size_t kFreeDepth = 4096; // in bytes of blocks: no share is asked for

// All stacks of a thread together: that share of the heap, divided by the number of threads, but that many
// bytes at least and `thread_cache` at most.
constexpr std::size_t kShareOfHeap = 8;
constexpr std::size_t kLeastDeepened = std::size_t{1} << 20;
// Likewise the runs that it keeps, but that many bytes for all threads together at least.
constexpr std::size_t kLeastRuns = std::size_t{2} << 20;

constexpr unsigned kPrewarmed = 8;         // the classes up to 128 bytes
constexpr unsigned kSlowCallsPerLook = 16; // at the clock

constinit bool caches_allowed = false;
constinit thread_local Chunk* chunk = nullptr;

constexpr std::size_t depth(const Depth& d, SizeClass c) {
    return std::clamp(d.bytes / class_size(c), d.least, d.most);
}

// By class and whether refills and flushes alternate: looked up, because a division is half of adapt().
constexpr auto kMostOfClass = [] {
    std::array<std::array<std::uint16_t, 2>, kClasses> most{};
    for (unsigned c = 1; c < kClasses; ++c) {
        most[c] = {static_cast<std::uint16_t>(depth(kGrowing, static_cast<SizeClass>(c))),
                   static_cast<std::uint16_t>(depth(kAlternating, static_cast<SizeClass>(c)))};
    }
    return most;
}();

bool in_chunk(SizeClass c) {
    return stacks.slots(c) == chunk->first_slots[c - 1U].data();
}

void free_slots(SizeClass c) {
    if (in_chunk(c)) return;
    layout::metadata_pool.give(stacks.slots(c), chunk->classes[c].capacity * sizeof(void*));
}

// Moves both ends into an array of `capacity` entries; does nothing if there is no memory for one.
[[gnu::noinline]] void deepen(SizeClass c, std::size_t capacity) {
    auto** const slots = static_cast<void**>(layout::metadata_pool.take(capacity * sizeof(void*)));
    if (slots == nullptr) return;
    ClassState& state = chunk->classes[c];
    const std::size_t foreign = state.capacity - std::size_t{stacks.limit(c)};
    std::memcpy(slots, stacks.slots(c), stacks.count(c) * sizeof(void*));
    std::memcpy(slots + capacity - foreign, stacks.slots(c) + stacks.limit(c), foreign * sizeof(void*));
    free_slots(c);
    chunk->deepened_bytes += (capacity - state.capacity) * class_size(c);
    state.capacity.store(static_cast<std::uint16_t>(capacity), std::memory_order_relaxed);
    stacks.use(c, slots, stacks.count(c), static_cast<std::uint32_t>(capacity - foreign));
}

// What the blocks in use allow. Those of other shards say nothing about this one's.
std::size_t most_for_use(SizeClass c, std::size_t capacity) {
    if ((capacity - stacks.limit(c)) * 2 > capacity) return kAlternating.most;
    const std::size_t out = shard_pool.bin({c, stacks.shard()}).blocks_out();
    return std::max(three_quarters(out), kFreeDepth / class_size(c));
}

// Of what all threads together may hold, which is that much at least.
std::size_t share_of_heap(std::size_t least) {
    const std::size_t heap = layout::superslabs.pages_in_use() * layout::kPageSize;
    return std::max(heap / kShareOfHeap, least) / std::max<std::size_t>(thread_registry.live(), 1);
}

// In all stacks of this thread.
std::size_t most_deepened() {
    const std::size_t share = share_of_heap(0);
    return std::min(std::max(share, kLeastDeepened),
                    os::settings.thread_cache.load(std::memory_order_relaxed));
}

// Notes what is about to happen to a stack and deepens it if the class has shown that it pays.
void adapt(SizeClass c, Event event) {
    ClassState& state = chunk->classes[c];
    const bool alternates = state.last != Event::kNone && state.last != event;
    state.last = event;
    const std::size_t capacity = state.capacity;
    const std::size_t most = kMostOfClass[c][alternates ? 1 : 0];
    if (capacity >= most) return;
    const std::size_t wanted = std::min({std::bit_ceil(capacity * 2), most, most_for_use(c, capacity)});
    if (wanted <= capacity || wanted < capacity + capacity / 4) return; // not worth the move
    const std::size_t added = (wanted - capacity) * class_size(c);
    if (chunk->deepened_bytes + added > most_deepened()) return;
    deepen(c, wanted);
}

// Sends the foreign blocks home, those of one shard in one batch.
void return_foreign(SizeClass c) {
    const std::uint32_t capacity = chunk->classes[c].capacity;
    void** const end = stacks.slots(c) + capacity;
    void** first = stacks.slots(c) + stacks.limit(c);
    stacks.set_limit(c, capacity);
    while (first != end) {
        const PageHeader header = layout::window.header_of(*first);
        void** const others = std::partition(
            first, end, [header](const void* p) { return layout::window.header_of(p) == header; });
        if (slab::is_mixed(header)) {
            std::for_each(first, others, [c](void* p) { slab::give_mixed(p, c); });
        } else {
            if (header.size_class() != c) slab::report(slab::Fault::kDoubleFree, *first);
            slab::give(header, first, static_cast<std::uint32_t>(others - first));
        }
        first = others;
    }
}

// Returns the oldest `count` local blocks.
void return_local(SizeClass c, std::uint32_t count) {
    void** const slots = stacks.slots(c);
    const PageHeader header{c, stacks.shard()};
    slab::give(header, slots, count);
    const std::uint32_t kept = stacks.count(c) - count;
    std::memmove(slots, slots + count, kept * sizeof(void*));
    stacks.set_count(c, kept);
}

void return_all(SizeClass c) {
    if (stacks.count(c) != 0) return_local(c, stacks.count(c));
    if (stacks.limit(c) != chunk->classes[c].capacity) return_foreign(c);
}

// In pages.
std::size_t most_in_runs() {
    return std::min(share_of_heap(kLeastRuns), os::settings.thread_cache.load(std::memory_order_relaxed)) /
           layout::kPageSize;
}

os::Node node_of_this_thread() {
    return os::nodes() == 1 ? os::Node{0} : os::current_node();
}

void return_run(layout::Page first, std::size_t pages) {
    layout::superslabs.note_large(-static_cast<std::ptrdiff_t>(pages));
    layout::superslabs.give(first, pages);
}

// Returns the blocks of classes that no slow path has seen for a purge delay or two.
void return_idle() {
    if (!chunk->runs_used) chunk->runs.give_all(return_run);
    chunk->runs_used = false;
    chunk->runs.forget();
    for (unsigned i = 1; i < kClasses; ++i) {
        const auto c = static_cast<SizeClass>(i);
        ClassState& state = chunk->classes[c];
        if (!state.used) return_all(c);
        state.used = false;
    }
}

// A look at what else there is to do.
void look_around(std::uint32_t (*upkeep)()) {
    const std::uint32_t number = upkeep();
    if (chunk->upkeep == number) return;
    chunk->upkeep = number;
    return_idle();
}

void look_around_at_times(std::uint32_t (*upkeep)()) {
    if (++chunk->slow_calls % kSlowCallsPerLook == 0) look_around(upkeep);
}

// Called with an empty stack; fills it with at most half of what it holds, or three quarters while the class
// grows, so that a flush need not follow.
bool refill(SizeClass c) {
    const bool growing = chunk->classes[c].last == Event::kRefill;
    adapt(c, Event::kRefill);
    if (stacks.limit(c) == 0) return_foreign(c);
    const std::uint32_t capacity = chunk->classes[c].capacity;
    const auto batch = static_cast<std::uint32_t>(
        std::min<std::size_t>(stacks.limit(c), growing ? three_quarters(capacity) : (capacity + 1) / 2));
    void** const slots = stacks.slots(c);
    const std::uint32_t taken = slab::take(c, stacks.shard(), slots + batch, batch);
    if (taken != batch) std::memmove(slots, slots + batch - taken, taken * sizeof(void*));
    stacks.set_count(c, taken);
    return taken != 0;
}

// Called with a full array.
void make_room(SizeClass c) {
    adapt(c, Event::kFlush);
    if (stacks.count(c) < stacks.limit(c)) return;
    const std::uint32_t capacity = chunk->classes[c].capacity;
    if ((capacity - stacks.limit(c)) * 2 >= capacity) {
        return_foreign(c);
    } else {
        return_local(c, (stacks.count(c) + 1U) / 2);
    }
}

void prewarm() {
    for (SizeClass c = 1; c <= kPrewarmed; ++c) {
        if (stacks.count(c) == 0) refill(c);
    }
}

void detach() {
    flush();
    for (unsigned i = 1; i < kClasses; ++i) {
        const auto c = static_cast<SizeClass>(i);
        free_slots(c);
        chunk->classes[c].capacity.store(0, std::memory_order_relaxed);
        stacks.use(c, nullptr, 0, 0);
    }
    thread_registry.remove(*chunk);
    shard_pool.release(stacks.shard());
    chunk = nullptr;
    stacks.set_shard(0);
    stacks.phase = Phase::kEnded;
}

bool attach() {
    if (!caches_allowed) return false;
    chunk = thread_registry.add(stacks);
    if (chunk == nullptr) return false;
    chunk->deepened_bytes = 0;
    chunk->slow_calls = 0;
    chunk->upkeep = 0;
    chunk->runs_used = false;
    for (unsigned i = 1; i < kClasses; ++i) {
        const auto c = static_cast<SizeClass>(i);
        const std::size_t capacity = depth(kFirst, c);
        stacks.use(c, chunk->first_slots[c - 1U].data(), 0, static_cast<std::uint32_t>(capacity));
        chunk->classes[c].capacity.store(static_cast<std::uint16_t>(capacity), std::memory_order_relaxed);
        chunk->classes[c].last = Event::kNone;
    }
    stacks.set_shard(shard_pool.acquire());
    stacks.phase = Phase::kAttached;
    if (!os::call_at_thread_exit()) { // nobody would end it: better none than one that leaks
        detach();
        return false;
    }
    if (os::settings.prewarm.load(std::memory_order_relaxed) != 0) prewarm();
    return true;
}

bool attached() {
    return stacks.phase == Phase::kAttached || (stacks.phase == Phase::kNew && attach());
}

void* allocate_uncached(SizeClass c) {
    void* block = nullptr;
    slab::take(c, slab::ShardPool::kCommon, &block + 1, 1);
    return block;
}

} // namespace

[[gnu::cold]] void allow_caches() {
    caches_allowed = true;
}

void* allocate(SizeClass c) {
    if (!attached()) return allocate_uncached(c);
    void* block = nullptr;
    if (stacks.pop(c, block)) return block;
    chunk->classes[c].used = true;
    look_around_at_times(upkeep_after_allocation);
    if (refill(c)) stacks.pop(c, block);
    return block;
}

void release(PageHeader header, void* block) {
    if (!attached()) {
        slab::give(header, &block, 1);
        return;
    }
    if (stacks.push(header, block)) return;
    chunk->classes[header.size_class()].used = true;
    look_around_at_times(upkeep_after_release);
    make_room(header.size_class());
    stacks.push(header, block);
}

layout::Page take_run(std::size_t pages) {
    if (pages > RecentRuns::kMostPages || !attached()) return 0;
    const layout::Page first = chunk->runs.take(pages, node_of_this_thread());
    if (first == 0) return 0;
    chunk->runs_used = true;
    look_around_at_times(upkeep_after_allocation);
    return first;
}

bool keep_run(layout::Page first, std::size_t pages) {
    const std::size_t most = most_in_runs(); // which others change
    if (stacks.phase != Phase::kAttached || !chunk->runs.wants(pages, most)) return false;
    const os::Node node = node_of_this_thread();
    if (os::nodes() != 1 && layout::superslabs.node_of(first) != node) return false;
    chunk->runs_used = true;
    const bool all_kept = chunk->runs.keep(first, pages, node, most, return_run);
    if (all_kept) {
        look_around_at_times(upkeep_after_release);
    } else {
        look_around(upkeep_after_release);
    }
    return true;
}

void look_after_allocation() {
    if (stacks.phase == Phase::kAttached) {
        look_around(upkeep_after_allocation);
    } else {
        upkeep_after_allocation();
    }
}

void look_after_release() {
    if (stacks.phase == Phase::kAttached) {
        look_around(upkeep_after_release);
    } else {
        upkeep_after_release();
    }
}

void flush() {
    if (stacks.phase != Phase::kAttached) return;
    for (unsigned i = 1; i < kClasses; ++i) {
        return_all(static_cast<SizeClass>(i));
    }
    chunk->runs.give_all(return_run);
}

void end_thread() {
    if (stacks.phase == Phase::kAttached) detach();
    stacks.phase = Phase::kEnded;
}

void survive_fork() {
    shard_pool.forget_other_owners(stacks.shard());
    thread_registry.forget_others(chunk);
}

} // namespace ashlar::cache
