// SPDX-License-Identifier: MIT
//
// Empties the caches of other threads. malloc_trim and requests about to be refused drain all of them. The
// background thread drains idle ones.
// Fast paths only check whether their stacks are closed (pointer_stacks.h). The cost is a system call that
// executes a memory barrier in every thread. So malloc and free drain only when memory is short. Nothing is
// drained if the kernel refuses the call.
// One thread drains at a time, under a lock that it holds while blocks are returned. A fork waits for that
// lock. The registry's lock is held only until a thread is claimed, because a claimed thread cannot end.
// Threads inside a slow path are left out.
#pragma once

#include "cache/thread_registry.h"
#include "os/mutex.h"

#include <atomic>

namespace ashlar::cache {

os::Mutex<os::Rank::kDrain>& drain_mutex();

// Drains all caches except `mine`, which may be null.
void drain_all_but(const ThreadCache* mine);

// Drains caches whose threads had no slow path for two purge delays. Called in the background once per purge
// delay. Returns whether a thread must be checked again.
bool drain_idle();

// keep_left() keeps a cache of a thread that the forked child does not have; see
// ThreadRegistry::forget_others(). The thread was outside of its stacks. Its thread-local storage is only
// valid until the child's fork handlers have ended, so the stacks are copied. Returns false if the cache is
// not kept.
// return_one_left() returns the blocks of one such cache, and is called by later slow paths. Returns false if
// none is left.
bool keep_left(ThreadCache& cache);
bool return_one_left();
extern constinit std::atomic<unsigned> left_caches;

struct LeftCache {
    PointerStacks held;
    ThreadCache* cache; // its owner no longer exists
    LeftCache* next;
};
extern constinit LeftCache* first_left; // guarded by drain_mutex()

// Calls visit(cache, held) for each left cache, under the lock.
template <typename Visit>
void for_each_left(Visit visit) {
    if (left_caches.load(std::memory_order_relaxed) == 0) return;
    const os::Guard guard(drain_mutex());
    for (LeftCache* left = first_left; left != nullptr; left = left->next)
        visit(*left->cache, left->held);
}

// Waits until a claim that the caller has seen has ended. The caller holds no lock.
void wait_for_drain();

} // namespace ashlar::cache
