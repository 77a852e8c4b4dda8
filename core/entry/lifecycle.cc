// SPDX-License-Identifier: MIT
//
// Start, fork and exit of the process.
//
// The start-up hook is the first constructor of the process (the preload library is linked with initfirst,
// the static library's has the first priority), so that our fork handlers are registered first: prepare runs
// them in reverse order, and what other libraries' handlers do, a lock taken that another thread holds while
// it allocates, is over before we take our locks. Calls before the hook are served without a thread cache,
// because the dynamic loader may still initialise the main thread's thread-local storage over it. At exit
// nothing is torn down; the calling thread's cached blocks go back to their slabs, which is where bad frees
// show.
#include "entry/lifecycle.h"

#include "cache/thread_cache.h"
#include "cache/thread_registry.h"
#include "guard/guard.h"
#include "heap/heap.h"
#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/background.h"
#include "os/config.h"
#include "os/message.h"
#include "os/thread_exit.h"
#include "slab/supply.h"

#include <pthread.h>
#include <sys/single_threaded.h>

using namespace ashlar; // NOLINT(google-build-using-namespace): this file is the top of all layers

// What pthread_atfork calls. That is linked in statically, behind all else, where start-up would pay for a
// page of it.
extern "C" int __register_atfork(void (*prepare)(), void (*parent)(), void (*child)(), void* dso);

const char ashlar::entry::kLifecycleLinked = 1;

namespace {

// Calls visit(mutex) for every lock there is, in the order of their ranks.
template <typename Visit>
void for_each_lock(Visit visit) {
    visit(heap::opening_mutex());
    visit(cache::thread_registry.mutex());
    visit(slab::shard_pool.mutex());
    slab::shard_pool.for_each_bin([&visit](layout::PageHeader, slab::Bin& bin) { visit(bin.mutex()); });
    slab::for_each_mixed([&visit](slab::MixedSlabs& mixed) { visit(mixed.mutex()); });
    visit(layout::superslabs.growth_mutex());
    visit(layout::superslabs.mutex());
    guard::for_each_lock(visit);
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
    os::forget_background();
    cache::survive_fork();
    guard::survive_fork();
}

// The C library gives constructors the arguments of main.
[[gnu::constructor(101)]] void start(int /*count*/, char** arguments, char** environment) {
    heap::start(arguments, environment);
    guard::start();
    os::prepare_thread_exit(guard::end_thread);
    __register_atfork(before_fork, after_fork_in_parent, after_fork_in_child, nullptr);
    cache::allow_caches();
    if (os::settings.print.load(std::memory_order_relaxed) != 0) {
        heap::serving(); // the window has the size it could get
        os::print_settings(os::warn);
    }
}

[[gnu::destructor(101)]] void check_at_exit() {
    guard::check_at_exit();
}

} // namespace
