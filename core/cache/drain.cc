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

constexpr unsigned kMostLeft = 256; // a fork waits for each copy

constexpr unsigned kAtOnce = 16;       // threads that share a barrier
constexpr std::uint8_t kIdleLooks = 2; // without a slow path between them

// Some of the caches that there are, which nobody else is in.
struct Claimed {
    std::array<Chunk*, kAtOnce> chunks{};
    unsigned count = 0;
};

// Whether the thread is still there. Threads may end without telling anybody. They do by a system call of
// their own, or if they first allocate when the C library has told for the last time. Then their memory is
// unmapped or serves another thread.
bool has_owner(const Chunk& chunk) {
    const auto* const begin = reinterpret_cast<const char*>(chunk.owner);
    const char* const end = begin + sizeof(PointerStacks);
    const std::size_t page = os::page_size();
    for (const char* at = begin - reinterpret_cast<std::uintptr_t>(begin) % page; at < end; at += page) {
        if (!os::is_mapped(at)) return false;
    }
    return chunk.owner->belong_to(&chunk);
}

// Claims caches that choose(chunk) wants, from number `next` on.
template <typename Choose>
Claimed claim(unsigned& next, Choose choose) {
    Claimed claimed;
    thread_registry.for_each_from(
        next,
        [&](Chunk& chunk) {
            if (chunk.holds_nothing() || !choose(chunk) || !has_owner(chunk)) return true;
            chunk.owner->claim();
            claimed.chunks[claimed.count++] = &chunk;
            return claimed.count != kAtOnce;
        },
        [&] {
            if (claimed.count == 0) return;
            const bool passed = os::barrier_in_all_threads();
            auto* const end = std::remove_if(claimed.chunks.begin(), claimed.chunks.begin() + claimed.count,
                                             [passed](Chunk* chunk) {
                                                 if (passed && chunk->owner->is_outside()) return false;
                                                 chunk->owner->unclaim();
                                                 return true;
                                             });
            claimed.count = static_cast<unsigned>(end - claimed.chunks.begin());
        });
    return claimed;
}

// Calls visit(chunk) for the caches that were chosen, in turn, when nobody else is in them.
template <typename Choose, typename Visit>
void for_each_claimed(Choose choose, Visit visit) {
    if (!os::barrier_in_all_threads()) return; // the first one takes long: before there is a lock
    unsigned next = 0;
    do {
        const os::Guard guard(mutex);
        const Claimed claimed = claim(next, choose);
        for (unsigned i = 0; i < claimed.count; ++i) {
            visit(*claimed.chunks[i]);
            claimed.chunks[i]->owner->unclaim();
        }
    } while (next != 0);
}

} // namespace

bool keep_left(Chunk& chunk) {
    if (chunk.holds_nothing() || !has_owner(chunk)) return false;
    if (chunk.owner->busy() || left_caches.load(std::memory_order_relaxed) == kMostLeft) return false;
    void* const memory = layout::metadata_pool.take(sizeof(LeftCache));
    if (memory == nullptr) return false;
    first_left = new (memory) LeftCache{*chunk.owner, &chunk, first_left};
    left_caches.fetch_add(1, std::memory_order_relaxed);
    return true;
}

bool return_one_left() {
    const os::Guard guard(mutex);
    LeftCache* const left = first_left;
    if (left == nullptr) return false;
    left->chunk->owner = &left->held;
    if (left->chunk->drained) close_gaps(*left->chunk);
    return_everything(*left->chunk);
    thread_registry.remove(*left->chunk);
    first_left = left->next;
    left_caches.fetch_sub(1, std::memory_order_relaxed);
    layout::metadata_pool.give(left, sizeof(*left));
    return true;
}

void drain_all_but(const Chunk* mine) {
    while (left_caches.load(std::memory_order_relaxed) != 0)
        return_one_left();
    if (thread_registry.live() <= (mine != nullptr ? 1 : 0)) return;
    for_each_claimed([mine](const Chunk& chunk) { return &chunk != mine; },
                     [](Chunk& chunk) { drain(chunk); });
}

bool drain_idle() {
    if (os::barriers_are_refused()) return false;
    bool again = false;
    bool some = false;
    thread_registry.for_each([&](Chunk& chunk) {
        const std::uint32_t calls = chunk.slow_calls.load(std::memory_order_relaxed);
        if (calls != chunk.still_since) {
            chunk.still_since = calls;
            chunk.still = 0;
        } else if (chunk.still < kIdleLooks) {
            ++chunk.still;
        }
        if (chunk.still == kIdleLooks && (chunk.holds_nothing() || !has_owner(chunk))) ++chunk.still;
        some |= chunk.still == kIdleLooks;
        again |= chunk.still <= kIdleLooks;
    });
    if (!some) return again;
    for_each_claimed([](const Chunk& chunk) { return chunk.still == kIdleLooks; },
                     [](Chunk& chunk) {
                         drain(chunk);
                         chunk.still = kIdleLooks + 1;
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
