// SPDX-License-Identifier: MIT
#include "cache/thread_cache.h"

#include "cache/decay.h"
#include "cache/depth.h"
#include "cache/drain.h"
#include "cache/returns.h"
#include "cache/thread_registry.h"
#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/clock.h"
#include "os/config.h"
#include "os/probe.h"
#include "os/thread_exit.h"
#include "os/topology.h"
#include "slab/misuse.h"
#include "slab/supply.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <sys/single_threaded.h>

namespace ashlar::cache {

constinit thread_local PointerStacks stacks;

namespace {

using layout::class_size;
using layout::kClasses;
using layout::SizeClass;
using layout::SliceHeader;
using slab::shard_pool;

// With more threads than kFewThreads, the first refill of a class takes kFirstBatch blocks. Threads use few
// blocks of most classes, and each unused cached block may cost a page. It costs one more slow call.
constexpr std::size_t kFewThreads = 64;
constexpr std::uint32_t kFirstBatch = 2;

constexpr unsigned kPrewarmed = 8;         // classes up to 128 bytes
constexpr unsigned kSlowCallsPerLook = 16; // slow calls per look at the clock

constinit bool caches_allowed = false;
constinit thread_local ThreadCache* cache = nullptr;
constinit PointerStacks stacks_set_aside; // of the only thread of a forked child

std::uint32_t slow_calls() {
    return cache->slow_calls.load(std::memory_order_relaxed);
}

// Returns the stacks of this thread's cache. They are the `stacks` of malloc and free, unless operations are
// counted. Then malloc and free have no stacks, so that each call enters a slow path.
PointerStacks& own() {
    return *cache->owner;
}

bool begin() {
    if (!own().begin()) return false;
    if (cache->drained) [[unlikely]]
        close_gaps(*cache);
    return true;
}

// Holds the cache open for a slow path. Converts to false while another thread drains the cache, and the
// thread then works without it. Must not be held across calls of the C library, which may re-enter.
class [[nodiscard]] Entry {
  public:
    Entry() : entered_(begin()) {}
    ~Entry() {
        if (entered_) own().leave();
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    explicit operator bool() const { return entered_; }

  private:
    bool entered_;
};

// Begins where the cache is indispensable. Waits for a drainer, without deadlock: this thread holds no lock.
void begin_after_drain() {
    while (!begin())
        wait_for_drain();
}

bool counting() {
    return os::settings.count.load(std::memory_order_relaxed) != 0;
}

os::Node node_of_this_thread() {
    return os::nodes() == 1 ? os::Node{0} : os::current_node();
}

// Returns the kept runs if none was used since the last round, and begins to return the stacks of idle
// classes. Called once per round.
void start_returning_idle() {
    const Entry entry;
    if (!entry) return;
    if (!cache->runs_used) cache->runs.give_all(return_run);
    cache->runs_used = false;
    cache->runs.forget();
    cache->idle = cache->looked;
    cache->looked = slow_calls();
    if (cache->next_idle == 0) cache->next_idle = kClasses - 1;
}

// Empties the next class without a slow call for one or two rounds, from the largest blocks down.
void return_next_idle() {
    const Entry entry;
    if (!entry) return;
    while (cache->next_idle != 0) {
        const auto c = static_cast<SizeClass>(cache->next_idle--);
        if (static_cast<std::int32_t>(cache->classes[c].last_call - cache->idle) >= 0) continue;
        if (cache->classes[c].capacity == 0) continue;
        make_empty(*cache, c);
        return;
    }
}

// Registers for a notice of this thread's end; returns false if that fails. A process with one thread does
// not register. exit() flushes its cache, and a registration would use resources of the program.
bool arrange_end() {
    if (!cache->end_arranged && __libc_single_threaded == 0) cache->end_arranged = os::call_at_thread_exit();
    return cache->end_arranged || __libc_single_threaded != 0;
}

// Does a decay step, as first or last step of a slow path. It may re-enter (see thread_cache.h).
void decay_step(std::uint32_t (*decay)()) {
    // True in a forked child whose heap is not whole.
    if (stacks.phase != Phase::kAttached) return;
    // If this fails, the next look tries again.
    arrange_end();
    const std::uint32_t number = decay();
    if (cache->round == number) return;
    cache->round = number;
    start_returning_idle();
}

// Counts a slow call. Every 16th does a decay step.
void decay_at_times(std::uint32_t (*decay)()) {
    const std::uint32_t calls = slow_calls() + 1;
    cache->slow_calls.store(calls, std::memory_order_relaxed);
    if (calls % kSlowCallsPerLook == 0) decay_step(decay);
}

// Does the last step of a slow path.
void do_step() {
    if (do_one_step() || stacks.phase != Phase::kAttached || cache->next_idle == 0) return;
    return_next_idle();
}

// Returns how many blocks a refill takes.
std::uint32_t batch(SizeClass c) {
    const Event last = cache->classes[c].last;
    if (last == Event::kNone && thread_registry.live() > kFewThreads) {
        cache->classes[c].last = Event::kStarted;
        if (cache->classes[c].capacity == 0) begin_stack(*cache, c);
        return kFirstBatch;
    }
    adapt(*cache, c, Event::kRefill);
    const std::uint32_t capacity = cache->classes[c].capacity;
    return last == Event::kRefill ? static_cast<std::uint32_t>(three_quarters(capacity)) : (capacity + 1) / 2;
}

// Refills an empty stack to 1/2 of its capacity. It fills 3/4 while the class grows, so that a flush need not
// follow. Reads the clock only when operations are counted. A process may forbid that instruction, and some
// machines emulate it.
bool refill(SizeClass c) {
    PointerStacks& mine = own();
    const std::uint64_t start = counting() ? os::ticks() : 0;
    const std::uint32_t wanted = batch(c);
    if (cache->classes[c].capacity == 0) return false;
    if (mine.limit(c) == 0) return_remote(*cache, c);
    const std::uint32_t most = std::min(mine.limit(c), wanted);
    void** const slots = mine.slots(c);
    const std::uint32_t taken = slab::take(c, mine.shard(), slots + most, most);
    if (taken != most) std::memmove(slots, slots + most - taken, taken * sizeof(void*));
    mine.set_count(c, taken);
    count(*cache, c, &Counts::refills, &EndedCounts::refills);
    ASHLAR_PROBE2(refill, class_size(c), taken);
    if (start != 0) {
        cache->refill_ticks.store(cache->refill_ticks.load(std::memory_order_relaxed) + (os::ticks() - start),
                                  std::memory_order_relaxed);
    }
    return taken != 0;
}

// Takes one block, for a class without a stack.
void* take_one(SizeClass c) {
    void* block = nullptr;
    slab::take(c, own().shard(), &block + 1, 1);
    count(*cache, c, &Counts::refills, &EndedCounts::refills);
    return block;
}

void give_one(SliceHeader header, void* block) {
    const SizeClass c = header.size_class();
    count(*cache, c, &Counts::flushes, &EndedCounts::flushes);
    if (header.shard() != own().shard()) count(*cache, c, &Counts::remote_frees, &EndedCounts::remote_frees);
    slab::give(header, &block, 1);
}

// Makes room in a full array.
void make_room(SizeClass c) {
    PointerStacks& mine = own();
    adapt(*cache, c, Event::kFlush);
    const std::uint32_t capacity = cache->classes[c].capacity;
    if (mine.count(c) < mine.limit(c) || capacity == 0) return;
    if ((capacity - mine.limit(c)) * 2 >= capacity) {
        return_remote(*cache, c);
    } else {
        return_local(*cache, c, (mine.count(c) + 1U) / 2);
    }
}

void prewarm() {
    const Entry entry;
    if (!entry) return;
    for (SizeClass c = 1; c <= kPrewarmed; ++c) {
        if (own().count(c) == 0) refill(c);
    }
}

void detach() {
    begin_after_drain();
    return_everything(*cache);
    PointerStacks& ended = own();
    thread_registry.remove(*cache); // no other thread finds the cache from here on
    shard_pool.release(ended.shard());
    cache = nullptr;
    ended.set_shard(0);
    ended.set_cache(nullptr);
    ended.leave();
    stacks.phase = Phase::kEnded;
    if (&ended != &stacks) layout::metadata_pool.give(&ended, sizeof(ended));
}

// Returns null if there is no memory.
PointerStacks* make_hidden_stacks() {
    void* const memory = layout::metadata_pool.take(sizeof(PointerStacks));
    return memory != nullptr ? new (memory) PointerStacks : nullptr;
}

bool attach() {
    if (!caches_allowed) return false;
    PointerStacks* const made = counting() ? make_hidden_stacks() : &stacks;
    if (made == nullptr) return false;
    made->enter(); // keeps drainers out of an incomplete cache
    cache = thread_registry.add(*made);
    if (cache == nullptr) {
        made->leave();
        if (made != &stacks) layout::metadata_pool.give(made, sizeof(*made));
        return false;
    }
    cache->stack_bytes.store(0, std::memory_order_relaxed);
    cache->slow_calls.store(0, std::memory_order_relaxed);
    cache->round = 0;
    cache->looked = 0;
    cache->idle = 0;
    cache->failed = 0;
    cache->next_idle = 0;
    cache->runs_used = false;
    cache->end_arranged = false;
    for (unsigned i = 1; i < kClasses; ++i) {
        const auto c = static_cast<SizeClass>(i);
        cache->classes[c].last = Event::kNone;
        cache->classes[c].last_call = 0;
    }
    own().set_shard(shard_pool.acquire());
    own().leave();
    stacks.phase = Phase::kAttached;
    if (!arrange_end()) { // A cache that is never ended would leak.
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
    do_one_step();
    return block;
}

// Counts an operation among those of ended threads while another thread drains this cache. That sum is
// atomic; the cache's own counts are not.
void count_ended(SizeClass c, std::atomic<std::uint64_t> EndedCounts::*what) {
    if (counting()) (thread_registry.ended[c].*what).fetch_add(1, std::memory_order_relaxed);
}

void release_uncached(SliceHeader header, void* block) {
    slab::give(header, &block, 1);
    do_one_step();
}

} // namespace

[[gnu::cold]] void allow_caches() {
    caches_allowed = true;
}

void* allocate(SizeClass c) {
    if (!attached()) return allocate_uncached(c);
    void* block = nullptr;
    {
        const Entry entry;
        if (!entry) {
            count_ended(c, &EndedCounts::allocations);
            return allocate_uncached(c);
        }
        if (counting()) count(*cache, c, &Counts::allocations, &EndedCounts::allocations);
        PointerStacks& mine = own();
        if (mine.pop(c, block)) return block;
        cache->classes[c].last_call = slow_calls();
        if (refill(c)) {
            mine.pop(c, block);
        } else if (cache->classes[c].capacity == 0) {
            block = take_one(c);
        }
    }
    decay_at_times(decay_after_allocation);
    do_step();
    return block;
}

void release(SliceHeader header, void* block) {
    if (!attached()) return release_uncached(header, block);
    {
        const Entry entry;
        if (!entry) {
            count_ended(header.size_class(), &EndedCounts::releases);
            return release_uncached(header, block);
        }
        if (counting()) count(*cache, header.size_class(), &Counts::releases, &EndedCounts::releases);
        PointerStacks& mine = own();
        if (mine.push(header, block)) return;
        cache->classes[header.size_class()].last_call = slow_calls();
        make_room(header.size_class());
        if (!mine.push(header, block)) give_one(header, block);
    }
    decay_at_times(decay_after_release);
    do_step();
}

layout::Slice take_run(std::size_t slices) {
    if (slices > KeptRuns::kMostSlices || !attached()) return 0;
    layout::Slice first = 0;
    {
        const Entry entry;
        if (!entry) return 0;
        first = cache->runs.take(slices, node_of_this_thread());
        if (first == 0) return 0;
        cache->runs_used = true;
    }
    decay_at_times(decay_after_allocation);
    do_step();
    return first;
}

bool keep_run(layout::Slice first, std::size_t slices) {
    if (stacks.phase != Phase::kAttached || !cache->runs.is_asked_often(slices)) return false;
    const std::size_t most = most_in_runs(); // read once, because other threads change it
    if (slices > most) return false;
    bool all_kept = false;
    {
        const Entry entry;
        if (!entry) return false;
        const os::Node node = node_of_this_thread();
        if (os::nodes() != 1 && layout::superslabs.node_of(first) != node) return false;
        cache->runs_used = true;
        all_kept = cache->runs.keep(first, slices, node, most, return_run);
    }
    if (all_kept) {
        decay_at_times(decay_after_release);
    } else {
        decay_step(decay_after_release);
    }
    // Also on this path, which needs no lock. A program may use no other.
    do_step();
    return true;
}

void look_after_allocation() {
    if (stacks.phase == Phase::kAttached) {
        decay_step(decay_after_allocation);
    } else {
        decay_after_allocation();
    }
}

void look_after_release() {
    if (stacks.phase == Phase::kAttached) {
        decay_step(decay_after_release);
    } else {
        decay_after_release();
    }
    do_step();
}

void flush() {
    if (stacks.phase != Phase::kAttached) return;
    begin_after_drain();
    for (unsigned i = 1; i < kClasses; ++i) {
        return_all(*cache, static_cast<SizeClass>(i));
    }
    cache->runs.give_all(return_run);
    own().leave();
}

void drain_others() {
    drain_all_but(cache);
}

void end_thread() {
    if (stacks.phase == Phase::kAttached) detach();
    stacks.phase = Phase::kEnded;
    layout::superslabs.purge_excess();
}

void survive_fork(bool at_once) {
    PointerStacks& survivor = cache != nullptr ? own() : stacks;
    survivor.unclaim(); // the fork did not wait for a drainer
    shard_pool.forget_other_owners(survivor.shard());
    thread_registry.forget_others(survivor, at_once ? keep_left : nullptr);
}

void set_aside() {
    stacks_set_aside = stacks;
    stacks = PointerStacks{};
    stacks.phase = Phase::kEnded;
}

void put_back(bool whole) {
    stacks = stacks_set_aside;
    if (whole) return;
    stacks.phase = Phase::kEnded;
    end_decay();
}

} // namespace ashlar::cache
