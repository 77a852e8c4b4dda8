// SPDX-License-Identifier: MIT
//
// Start, fork and exit of the process.
//
// Nothing depends on when the start-up hook runs: calls before it are served without a thread cache, because
// the dynamic loader may still initialise the main thread's thread-local storage over it. At exit nothing is
// torn down; the calling thread's cached blocks go back to their slabs, which is where bad frees show.
#include "entry/lifecycle.h"

#include "cache/thread_cache.h"
#include "cache/thread_registry.h"
#include "heap/heap.h"
#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "os/thread_exit.h"
#include "slab/shard_pool.h"

#include <pthread.h>
#include <sys/single_threaded.h>

using namespace ashlar; // NOLINT(google-build-using-namespace): this file is the top of all layers

const char ashlar::entry::kLifecycleLinked = 1;

namespace {

// Calls visit(mutex) for every lock there is, in the order of their ranks.
template <typename Visit>
void for_each_lock(Visit visit) {
    visit(cache::thread_registry.mutex());
    visit(slab::shard_pool.mutex());
    slab::shard_pool.for_each_bin([&visit](layout::PageHeader, slab::Bin& bin) { visit(bin.mutex()); });
    visit(layout::superslabs.mutex());
    visit(layout::metadata_pool.mutex());
}

// Whether this thread, which forks, took the locks. It does not when there is no other thread, or when it
// interrupted itself (fork in a signal handler) while it held one: then waiting could last for ever.
constinit thread_local bool locked_for_fork = false;

void before_fork() {
    locked_for_fork = __libc_single_threaded == 0 && os::locks_held == 0;
    if (!locked_for_fork) return;
    os::suspend_rank_check(true);
    for_each_lock([](auto& mutex) { mutex.lock(); });
    os::holds_all_locks = true;
}

void after_fork_in_parent() {
    if (!locked_for_fork) return;
    os::holds_all_locks = false;
    for_each_lock([](auto& mutex) { mutex.unlock(); });
    os::suspend_rank_check(false);
}

void after_fork_in_child() {
    os::holds_all_locks = false;
    for_each_lock([](auto& mutex) { mutex.reset(); });
    if (locked_for_fork) {
        os::locks_held = 0;
        os::suspend_rank_check(false);
    }
    cache::survive_fork();
}

// Before the constructors of the program, so that its fork handlers run inside of ours.
[[gnu::constructor(101)]] void start() {
    heap::start();
    os::prepare_thread_exit(cache::end_thread);
    ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    cache::allow_caches();
    if (os::settings.print.load(std::memory_order_relaxed) != 0) os::print_settings();
}

[[gnu::destructor(101)]] void check_at_exit() {
    cache::flush();
}

} // namespace
