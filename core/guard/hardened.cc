// SPDX-License-Identifier: MIT
//
// Start, thread exit, and fork in the hardened library.
#include "guard/hardened.h"

#include "cache/thread_cache.h"
#include "guard/external.h"
#include "guard/fast_limits.h"
#include "guard/hardened_blocks.h"
#include "os/config.h"
#include "os/guard_pages.h"
#include "os/system_call.h"

#include <algorithm>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/syscall.h>

namespace ashlar::guard {

constinit bool pointers_only = false;
constinit FastLimits fast_limits = FastLimits::all();

namespace {

// Reduces the quarantine if the program may lock little memory, because a locked block remains locked while
// it waits. The limit is read at start. Later a sandbox may end a process that asks for it.
void leave_room_for_locks() {
    constexpr rlim_t kEnough = rlim_t{4} << 20;
    constexpr rlim_t kShare = 8;
    rlimit limit{};
    if (::getauxval(AT_EUID) == 0 ||
        os::system_call(SYS_prlimit64, 0, RLIMIT_MEMLOCK, nullptr, &limit) != 0) {
        return;
    }
    if (limit.rlim_cur == 0 || limit.rlim_cur >= kEnough) return;
    const std::size_t most = limit.rlim_cur / kShare;
    os::settings.quarantine.store(std::min(os::settings.quarantine.load(std::memory_order_relaxed), most),
                                  std::memory_order_relaxed);
}

} // namespace

bool trim(std::size_t keep) {
    if (heap::closed()) return heap::trim(keep);
    const bool small = waiting_blocks::return_all();
    const bool large = large_blocks::return_all();
    return heap::trim(keep) || small || large;
}

// Starts the policy. Under RLIMIT_DATA guard pages might not become accessible again where they are mappings,
// so they are switched off.
void start() {
    external::prepare();
    leave_room_for_locks();
    if (os::settings.checks.load(std::memory_order_relaxed) ==
        static_cast<std::size_t>(os::Checks::kPointers)) {
        pointers_only = true;
        fast_limits = FastLimits::none();
    }
    rlimit limit{};
    if (os::system_call(SYS_prlimit64, 0, RLIMIT_DATA, nullptr, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY && os::guards_are_mappings()) {
        os::settings.guard_pages.store(0, std::memory_order_relaxed);
    }
}

void end_thread() {
    if (!heap::closed()) waiting_blocks::end_thread();
    cache::end_thread();
}

void check_at_exit() {
    if (heap::closed()) return;
    waiting_blocks::return_all();
    large_blocks::return_all();
    cache::flush();
}

void survive_fork() {
    waiting_blocks::survive_fork();
}

void close() {
    heap::close();
    fast_limits = FastLimits::none();
}

void go_on(bool whole) {
    heap::go_on(whole);
    if (whole && !pointers_only) fast_limits = FastLimits::all();
}

std::size_t waiting_bytes() {
    return waiting_blocks::bytes();
}
std::size_t waiting_large_bytes() {
    return WaitingRuns::bytes_of_all.load(std::memory_order_relaxed);
}

} // namespace ashlar::guard
