// SPDX-License-Identifier: MIT
//
// Emptying the caches of other threads: of all for malloc_trim and before a request is refused, of idle ones
// in the background.
//
// Fast paths do nothing for it but look whether the stacks are closed (pointer_stacks.h). All that costs is
// here: a memory barrier in every thread by a system call. So malloc and free never drain unless memory is
// short. Where the kernel refuses the call nothing is drained.
//
// One thread drains at a time, under a lock that it keeps while it returns blocks: a fork waits for it. It
// holds the registry's lock until a thread is claimed, which cannot end from then on, and no longer. Threads
// that are in the middle of a slow path are left out.
#pragma once

#include "cache/thread_registry.h"
#include "os/mutex.h"

#include <atomic>

namespace ashlar::cache {

os::Mutex<os::Rank::kDrain>& drain_mutex();

// Everything that caches hold, but this one's (which may be null).
void drain_all_but(const ThreadCache* mine);

// In the background, once every purge delay: what threads hold that had no slow path for two of these. True
// if there is a thread to look at again.
bool drain_idle();

// In a forked child, for ThreadRegistry::forget_others(): keeps what a thread held that the child does not
// have, and that was outside of its stacks. Its thread-local storage is still there, which is certain only
// until the child's fork handlers have ended. So the stacks are copied. The blocks go home with later slow
// paths, those of one cache with each. Returns false if none is left.
bool keep_left(ThreadCache& cache);
bool return_one_left();
extern constinit std::atomic<unsigned> left_caches;

struct LeftCache {
    PointerStacks held;
    ThreadCache* cache; // whose owner is no more
    LeftCache* next;
};
extern constinit LeftCache* first_left; // under the lock

// Calls visit(cache, held) for each of them, under the lock.
template <typename Visit>
void for_each_left(Visit visit) {
    if (left_caches.load(std::memory_order_relaxed) == 0) return;
    const os::Guard guard(drain_mutex());
    for (LeftCache* left = first_left; left != nullptr; left = left->next)
        visit(*left->cache, left->held);
}

// Returns when a thread that was claimed a moment ago no longer is. Without a lock.
void wait_for_drain();

} // namespace ashlar::cache
