// SPDX-License-Identifier: MIT
#include "cache/drain.h"

#include "cache/returns.h"
#include "layout/metadata_pool.h"
#include "os/memory_barrier.h"
#include "os/page_memory.h"
#include "os/page_size.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <new>

namespace ashlar::cache {

constinit std::atomic<unsigned> left_caches{0};
constinit LeftCache* first_left = nullptr;

namespace {

constinit os::Mutex<os::Rank::kDrain> mutex;

constexpr unsigned kMostLeft = 256; // caches kept after a fork, because fork waits for each copy

constexpr unsigned kAtOnce = 16;       // threads that share one barrier
constexpr std::uint8_t kIdleLooks = 2; // looks without a slow path between them

// Caches that this thread has claimed. Their owners are outside.
struct Claimed {
    std::array<ThreadCache*, kAtOnce> caches{};
    unsigned count = 0;
};

// Returns whether the cache's thread still exists. A thread may end without a notice: through its own exit
// system call, or with a first allocation after the C library's last notice. Its memory is then unmapped or
// used by another thread.
bool has_owner(const ThreadCache& cache) {
    const auto* const begin = reinterpret_cast<const char*>(cache.owner);
    const char* const end = begin + sizeof(PointerStacks);
    const std::size_t page = os::page_size();
    for (const char* at = begin - reinterpret_cast<std::uintptr_t>(begin) % page; at < end; at += page) {
        if (!os::is_mapped(at)) return false;
    }
    return cache.owner->belong_to(&cache);
}

// Claims up to kAtOnce caches for which choose(cache) is true, from number `next` on.
template <typename Choose>
Claimed claim(unsigned& next, Choose choose) {
    Claimed claimed;
    thread_registry.for_each_from(
        next,
        [&](ThreadCache& cache) {
            if (cache.holds_nothing() || !choose(cache) || !has_owner(cache)) return true;
            cache.owner->claim();
            claimed.caches[claimed.count++] = &cache;
            return claimed.count != kAtOnce;
        },
        [&] {
            if (claimed.count == 0) return;
            const bool passed = os::barrier_in_all_threads();
            auto* const end = std::remove_if(claimed.caches.begin(), claimed.caches.begin() + claimed.count,
                                             [passed](ThreadCache* cache) {
                                                 if (passed && cache->owner->is_outside()) return false;
                                                 cache->owner->unclaim();
                                                 return true;
                                             });
            claimed.count = static_cast<unsigned>(end - claimed.caches.begin());
        });
    return claimed;
}

// Claims the chosen caches in groups and calls visit(cache) for each.
template <typename Choose, typename Visit>
void for_each_claimed(Choose choose, Visit visit) {
    if (!os::barrier_in_all_threads()) return; // the first barrier takes long, so no lock is held yet
    unsigned next = 0;
    do {
        const os::Guard guard(mutex);
        const Claimed claimed = claim(next, choose);
        for (unsigned i = 0; i < claimed.count; ++i) {
            visit(*claimed.caches[i]);
            claimed.caches[i]->owner->unclaim();
        }
    } while (next != 0);
}

} // namespace

bool keep_left(ThreadCache& cache) {
    if (cache.holds_nothing() || !has_owner(cache)) return false;
    if (cache.owner->busy() || left_caches.load(std::memory_order_relaxed) == kMostLeft) return false;
    void* const memory = layout::metadata_pool.take(sizeof(LeftCache));
    if (memory == nullptr) return false;
    first_left = new (memory) LeftCache{*cache.owner, &cache, first_left};
    left_caches.fetch_add(1, std::memory_order_relaxed);
    return true;
}

bool return_one_left() {
    const os::Guard guard(mutex);
    LeftCache* const left = first_left;
    if (left == nullptr) return false;
    left->cache->owner = &left->held;
    if (left->cache->drained) close_gaps(*left->cache);
    return_everything(*left->cache);
    thread_registry.remove(*left->cache);
    first_left = left->next;
    left_caches.fetch_sub(1, std::memory_order_relaxed);
    layout::metadata_pool.give(left, sizeof(*left));
    return true;
}

void drain_all_but(const ThreadCache* mine) {
    while (left_caches.load(std::memory_order_relaxed) != 0)
        return_one_left();
    if (thread_registry.live() <= (mine != nullptr ? 1 : 0)) return;
    for_each_claimed([mine](const ThreadCache& cache) { return &cache != mine; },
                     [](ThreadCache& cache) { drain(cache); });
}

bool drain_idle() {
    if (os::barriers_are_refused()) return false;
    bool again = false;
    bool some = false;
    thread_registry.for_each([&](ThreadCache& cache) {
        const std::uint32_t calls = cache.slow_calls.load(std::memory_order_relaxed);
        if (calls != cache.still_since) {
            cache.still_since = calls;
            cache.still = 0;
        } else if (cache.still < kIdleLooks) {
            ++cache.still;
        }
        if (cache.still == kIdleLooks && (cache.holds_nothing() || !has_owner(cache))) ++cache.still;
        some |= cache.still == kIdleLooks;
        again |= cache.still <= kIdleLooks;
    });
    if (!some) return again;
    for_each_claimed([](const ThreadCache& cache) { return cache.still == kIdleLooks; },
                     [](ThreadCache& cache) {
                         drain(cache);
                         cache.still = kIdleLooks + 1;
                     });
    return again;
}

void wait_for_drain() {
    const os::Guard guard(mutex);
}

os::Mutex<os::Rank::kDrain>& drain_mutex() {
    return mutex;
}

} // namespace ashlar::cache
