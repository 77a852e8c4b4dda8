// SPDX-License-Identifier: MIT
#include "cache/depth.h"

#include "cache/returns.h"
#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "slab/supply.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace ashlar::cache {

using layout::class_size;
using layout::kClasses;
using layout::SizeClass;
using slab::shard_pool;

namespace {

// Limits of a stack's depth, in bytes of blocks and in entries: while a class grows, and while refills and
// flushes alternate. Large blocks keep the `least` entries. A stack begins with first_depth(), or not at all
// if the thread's budget is used up. Then each call takes or returns one block.
struct Depth {
    std::size_t bytes;
    std::size_t least;
    std::size_t most;
};
constexpr Depth kGrowing{.bytes = 8 * 1024, .least = 4, .most = 256};
constexpr Depth kAlternating{.bytes = 256 * 1024, .least = 8, .most = 1024};
static_assert(kAlternating.most * sizeof(void*) < PointerStacks::kArrayBytes);

// A stack is deepened to at most 3/4 of its bin's blocks in use and in caches. With a higher cap caches still
// grow after hundreds of millions of operations. With 1/2 slow calls take 5 % of the time of a mix of sizes.
// Stacks of up to kFreeDepth bytes are exempt.
constexpr std::size_t kFreeDepth = 4096;

// A thread's budget for all stacks is 1/8 of the heap divided by the number of threads. In a small heap it is
// at least a fixed amount. The setting `thread_cache` bounds both. Some is reserved for classes without a
// stack. Each of these begins with at most 1/32 of the budget.
constexpr std::size_t kShareOfHeap = 8;
constexpr std::size_t kOfAllThreads = std::size_t{6} << 20; // minimum for all threads together
constexpr std::size_t kLeastOfThread = std::size_t{40} << 10;
constexpr std::size_t kMostOfThread = std::size_t{3} << 20;
constexpr std::size_t kLeftToOthers = kLeastOfThread / 8;
constexpr std::size_t kShareOfBudget = 32;
// The minimum for kept runs of all threads together.
constexpr std::size_t kLeastRuns = std::size_t{2} << 20;

// Slow calls of the thread after which an unused class may give its depth to another class. After a failed
// search a quarter as many calls pass before the next.
constexpr std::uint32_t kLongAgo = 4096;

constexpr std::size_t depth(const Depth& d, SizeClass c) {
    return std::clamp(d.bytes / class_size(c), d.least, d.most);
}

// Most entries by class, without and with alternation. A table, because a division is half of adapt()'s time.
constexpr auto kMostOfClass = [] {
    std::array<std::array<std::uint16_t, 2>, kClasses> most{};
    for (unsigned c = 1; c < kClasses; ++c) {
        most[c] = {static_cast<std::uint16_t>(depth(kGrowing, static_cast<SizeClass>(c))),
                   static_cast<std::uint16_t>(depth(kAlternating, static_cast<SizeClass>(c)))};
    }
    return most;
}();

// Moves both ends to an array of `capacity` entries, which is large enough for them. A short array lies in
// the cache. Does nothing if there is no memory for a longer one.
[[gnu::noinline]] void set_depth(ThreadCache& cache, SizeClass c, std::size_t capacity) {
    PointerStacks& mine = *cache.owner;
    void** const slots = capacity <= first_depth(c)
                             ? cache.first_slots(c)
                             : static_cast<void**>(layout::metadata_pool.take(capacity * sizeof(void*)));
    if (slots == nullptr) return;
    ClassState& state = cache.classes[c];
    void** const old_slots = mine.slots(c);
    const std::size_t old_capacity = state.capacity;
    const std::size_t remote = old_capacity - mine.limit(c);
    if (old_capacity != 0) { // both may be the same array
        std::memmove(slots + capacity - remote, old_slots + mine.limit(c), remote * sizeof(void*));
        std::memmove(slots, old_slots, mine.count(c) * sizeof(void*));
    }
    cache.add_stack_bytes((capacity - old_capacity) * class_size(c)); // the difference may be negative
    state.capacity.store(static_cast<std::uint16_t>(capacity), std::memory_order_relaxed);
    mine.use(c, slots, mine.count(c), static_cast<std::uint32_t>(capacity - remote));
    free_slots(cache, c, old_slots, old_capacity);
}

// Returns the depth that the blocks in use justify. A stack with mostly remote blocks is not limited, because
// this shard's blocks say nothing about them.
std::size_t most_for_use(const ThreadCache& cache, SizeClass c, std::size_t capacity) {
    if ((capacity - cache.owner->limit(c)) * 2 > capacity) return kAlternating.most;
    const std::size_t out = shard_pool.bin({c, cache.owner->shard()}).blocks_out();
    return std::max(three_quarters(out), kFreeDepth / class_size(c));
}

// Returns the thread's share of what all threads may hold: 1/8 of the heap, at least `least` bytes.
std::size_t share_of_heap(std::size_t least) {
    const std::size_t heap = layout::superslabs.slices_in_use() * layout::kSliceSize;
    return std::max(heap / kShareOfHeap, least) / std::max<std::size_t>(thread_registry.live(), 1);
}

// Returns the thread's budget for all stacks, in bytes.
std::size_t most_in_stacks() {
    const std::size_t threads = std::max<std::size_t>(thread_registry.live(), 1);
    const std::size_t share =
        layout::superslabs.slices_in_use() * layout::kSliceSize / kShareOfHeap / threads;
    const std::size_t least = std::clamp(kOfAllThreads / threads, kLeastOfThread, kMostOfThread);
    return std::min(std::max(share, least), os::settings.thread_cache.load(std::memory_order_relaxed));
}

// Empties the class without a slow call for longest, if that is at least kLongAgo. Returns whether `added`
// more bytes fit afterwards.
[[gnu::noinline]] bool empty_oldest(ThreadCache& cache, std::size_t added, std::size_t most) {
    const std::uint32_t now = cache.slow_calls.load(std::memory_order_relaxed);
    if (now - cache.failed < kLongAgo / 4 || added > most) return false;
    SizeClass oldest = 0;
    std::uint32_t longest = kLongAgo;
    for (unsigned i = 1; i < kClasses; ++i) {
        const auto c = static_cast<SizeClass>(i);
        const std::uint32_t age = now - cache.classes[c].last_call;
        if (age < longest || cache.classes[c].capacity == 0) continue;
        oldest = c;
        longest = age;
    }
    if (oldest == 0) {
        cache.failed = now;
        return false;
    }
    make_empty(cache, oldest);
    return cache.stack_bytes.load(std::memory_order_relaxed) + added <= most;
}

bool fits(ThreadCache& cache, std::size_t added, std::size_t most) {
    return cache.stack_bytes.load(std::memory_order_relaxed) + added <= most ||
           empty_oldest(cache, added, most);
}

std::size_t begin_with(SizeClass c, std::size_t budget) {
    if (budget >= kBytesAtFirst * kShareOfBudget) [[likely]]
        return first_depth(c);
    return std::clamp<std::size_t>(budget / kShareOfBudget / class_size(c), 1, first_depth(c));
}

void begin_stack(ThreadCache& cache, SizeClass c, std::size_t budget) {
    const std::size_t first = begin_with(c, budget);
    if (fits(cache, first * class_size(c), budget)) use_empty(cache, c, cache.first_slots(c), first);
}

} // namespace

void begin_stack(ThreadCache& cache, SizeClass c) {
    begin_stack(cache, c, most_in_stacks());
}

void adapt(ThreadCache& cache, SizeClass c, Event event) {
    ClassState& state = cache.classes[c];
    const bool seen = state.last == Event::kRefill || state.last == Event::kFlush;
    const bool alternates = seen && state.last != event;
    state.last = event;
    const std::size_t now = state.capacity;
    const std::size_t most = kMostOfClass[c][alternates ? 1 : 0];
    if (now >= most) return;
    if (now == 0 && first_depth(c) >= most) return begin_stack(cache, c, most_in_stacks());
    std::size_t budget = now == 0 ? most_in_stacks() : 0;
    const std::size_t capacity = now != 0 ? now : begin_with(c, budget);
    const std::size_t wanted = std::min({std::bit_ceil(capacity * 2), most, most_for_use(cache, c, now)});
    if (wanted > capacity && wanted >= capacity + capacity / 4) { // the move must add at least a quarter
        if (now != 0) budget = most_in_stacks();
        const std::size_t added = (wanted - now) * class_size(c) + kLeftToOthers;
        if (fits(cache, added, budget)) return set_depth(cache, c, wanted);
    }
    if (now == 0) begin_stack(cache, c, budget);
}

std::size_t most_in_runs() {
    return std::min(share_of_heap(kLeastRuns), os::settings.thread_cache.load(std::memory_order_relaxed)) /
           layout::kSliceSize;
}

} // namespace ashlar::cache
