// SPDX-License-Identifier: MIT
//
// Start and exit of the process.
//
// The start-up hook is the first constructor of the process. The preload library is linked with initfirst,
// and the static library's hook has the first priority. So Ashlar's fork handlers are registered first, and
// their prepare handler runs last. Other libraries' handlers may take a lock whose holder allocates. They
// have done so before the allocator's locks are taken.
// Calls before the hook use no thread cache, because the dynamic loader may still overwrite the main thread's
// thread-local storage. Exit tears nothing down. The calling thread's cached blocks return to their slabs,
// which check them for bad frees.
#include "entry/lifecycle.h"

#include "cache/thread_cache.h"
#include "entry/fork.h"
#include "guard/guard.h"
#include "heap/heap.h"
#include "observe/profiler.h"
#include "observe/reports.h"
#include "os/config.h"
#include "os/edition.h"
#include "os/first_objects.h"
#include "os/message.h"
#include "os/thread_exit.h"

using namespace ashlar; // NOLINT(google-build-using-namespace): this file is the top of all layers

const char ashlar::entry::kLifecycleLinked = 1;

namespace {

// The C library passes the arguments of main to constructors.
[[gnu::constructor(101)]] void start(int /*count*/, char** arguments, char** environment) {
    heap::start(arguments, environment);
    os::remember_first_objects();
    guard::start();
    os::prepare_thread_exit(guard::end_thread);
    entry::watch_forks();
    cache::allow_caches();
    observe::start_reports();
    if (!os::kHardened) observe::profiler::start_with_process();
    if (os::settings.print.load(std::memory_order_relaxed) != 0) {
        heap::serving(); // the window then has its final size
        os::print_settings(os::warn);
    }
}

[[gnu::destructor(101)]] void check_at_exit() {
    observe::report_at_exit(); // reports what the program leaves, before its cache is flushed
    if (!os::kHardened) observe::profiler::end_with_process();
    guard::check_at_exit();
}

} // namespace
