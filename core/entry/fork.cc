// SPDX-License-Identifier: MIT
#include "entry/fork.h"

#include "cache/drain.h"
#include "cache/thread_cache.h"
#include "cache/thread_registry.h"
#include "guard/guard.h"
#include "heap/heap.h"
#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "observe/profiler.h"
#include "os/background.h"
#include "os/edition.h"
#include "os/mutex.h"
#include "slab/supply.h"

#include <sys/single_threaded.h>

using namespace ashlar; // NOLINT(google-build-using-namespace): this file is at the top of all layers

extern "C" {
// pthread_atfork() calls this. It would be linked in statically, where it costs start-up one more page.
int __register_atfork(void (*prepare)(), void (*parent)(), void (*child)(), void* dso);

// glibc's recursive lock on the list of all streams. fork() takes it after the fork handlers. Its holder may
// wait for a stream whose owner allocates (getline). So the handler takes it before the allocator's locks.
// Every version of glibc frees it in the child before the child's handlers run. Other C libraries lack these
// functions.
[[gnu::weak]] void _IO_list_lock();   // NOLINT(readability-identifier-naming)
[[gnu::weak]] void _IO_list_unlock(); // NOLINT(readability-identifier-naming)
}

namespace {

// Milliseconds to wait for one lock. A thread that holds a lock waits longer: other forks give up first.
constexpr unsigned kPatience = 30;
constexpr unsigned kPatienceOfHolder = 3 * kPatience;
constexpr unsigned kPause = 5;

// Calls visit(mutex) for every lock of the allocator, in the order of their ranks.
template <typename Visit>
void for_each_lock(Visit visit) {
    visit(heap::opening_mutex());
    visit(cache::drain_mutex());
    visit(cache::thread_registry.mutex());
    visit(slab::shard_pool.mutex());
    slab::shard_pool.for_each_bin([&visit](layout::SliceHeader, slab::Bin& bin) { visit(bin.mutex()); });
    slab::for_each_mixed([&visit](slab::MixedSlabs& mixed) { visit(mixed.mutex()); });
    visit(layout::superslabs.growth_mutex());
    visit(layout::superslabs.mutex());
    guard::for_each_lock(visit);
    visit(layout::metadata_pool.mutex());
}

void lock_streams() {
    if (_IO_list_lock != nullptr && _IO_list_unlock != nullptr) _IO_list_lock();
}

void unlock_streams() {
    if (_IO_list_lock != nullptr && _IO_list_unlock != nullptr) _IO_list_unlock();
}

bool holds_a_lock() {
    bool some = false;
    for_each_lock([&some](auto& mutex) { some = some || mutex.holder() == os::Holder::kThisThread; });
    return some;
}

bool take_all(unsigned patience) {
    bool all = true;
    for_each_lock([&all, patience](auto& mutex) { all = all && mutex.take_for_fork(patience); });
    return all;
}

// Releases the locks that fork took, not those of interrupted code or made since. The order does not matter.
void give_all() {
    for_each_lock([](auto& mutex) { mutex.give_after_fork(); });
}

void before_fork() {
    const bool nested = os::forking != 0;
    if (!nested && __libc_single_threaded != 0) return;
    // The stream lock is taken before os::forking is raised. Otherwise a fork in a signal handler would count
    // as nested in between. It would leave the allocator's locks to a thread that must still wait for the
    // stream lock.
    lock_streams();
    ++os::forking;
    const bool holder = holds_a_lock();
    while (!take_all(holder ? kPatienceOfHolder : kPatience)) {
        if (!nested) give_all();
        if (nested || holder) return; // without the missing locks
        --os::forking;
        unlock_streams();
        os::pause_milliseconds(kPause);
        lock_streams();
        ++os::forking;
    }
}

void after_fork_in_parent() {
    if (os::forking == 0) return;
    if (--os::forking == 0) give_all(); // a handler that forks from here on takes and releases them again
    unlock_streams();
}

void forget_other_threads(bool at_once) {
    if (!os::kHardened) observe::profiler::survive_fork();
    os::forget_background();
    cache::survive_fork(at_once);
    guard::survive_fork();
}

constinit bool whole = false; // A child's closed heap is consistent, because no other thread was changing it.

void go_on() {
    guard::go_on(whole);
    if (whole) forget_other_threads(false);
}

void after_fork_in_child() {
    const bool locked = os::forking != 0;
    if (locked) --os::forking;
    for (unsigned outer = os::forking; outer != 0; --outer)
        lock_streams(); // each outer fork unlocks once, but the C library has freed the lock
    unsigned interrupted = 0;
    bool nobody_else = true;
    for_each_lock([&](auto& mutex) {
        const os::Holder holder = mutex.holder();
        if (holder == os::Holder::kThisThread) ++interrupted;
        if (holder == os::Holder::kNobody || holder == os::Holder::kOther)
            nobody_else = nobody_else && !locked;
        const bool of_outer_fork = holder == os::Holder::kItsFork && os::forking != 0;
        if (!of_outer_fork) mutex.reset();
    });
    const bool closed_before = heap::closed(); // true if a child forks again
    whole = nobody_else && (whole || !closed_before);
    if (closed_before) {
        os::forget_ranks();
        os::expect_more_inherited_unlocks(interrupted);
    } else if (whole && interrupted == 0) {
        forget_other_threads(true);
    } else {
        guard::close();
        os::forget_ranks();
        os::expect_inherited_unlocks(interrupted, go_on);
    }
}

} // namespace

void entry::watch_forks() {
    __register_atfork(before_fork, after_fork_in_parent, after_fork_in_child, nullptr);
}
