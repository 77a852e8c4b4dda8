// SPDX-License-Identifier: MIT
//
// Common parts of the wrappers. A wrapper tries a lock first. The clock is read only if that fails or the
// hold is timed.
//
// The wrappers have their own names in C++, because the C library's declarations say noexcept. A thread that
// is cancelled inside a wrapper leaves by unwinding.
#pragma once

#include "locks/delay.h"
#include "locks/hold.h"
#include "locks/next.h"

#include <cerrno>

#define ASHLAR_WRAPS(name) asm(name) __attribute__((visibility("default")))
#define ASHLAR_CALLER ::ashlar::locks::caller(__builtin_return_address(0))

namespace ashlar::locks {

// Results of the functions of one standard.
struct Results {
    int busy;
    int timed_out;
    int with_lock_too; // a result beside 0 with which the caller has the lock
};
inline constexpr Results kPosix{EBUSY, ETIMEDOUT, EOWNERDEAD};
inline constexpr Results kC11{thrd_busy, thrd_timedout, -1}; // -1: no such result

template <const Results& kResults, typename WaitForIt>
[[gnu::noinline]] int wait_for(const void* lock, LockKind kind, Holders holders, std::uintptr_t site,
                               WaitForIt wait_for_it) {
    Wait wait(lock, kind, site);
    const int result = wait_for_it();
    const bool got = result == 0 || result == kResults.with_lock_too;
    wait.end(got, got || result == kResults.timed_out);
    if (got) acquired_slowly(this_thread, lock, kind, holders, site, true);
    return result;
}

// Continues after the first try of an exclusive lock, which failed or had a result of its own.
template <const Results& kResults, typename WaitForIt>
[[gnu::noinline, gnu::cold]] int not_at_once(const void* lock, LockKind kind, std::uintptr_t site, int result,
                                             WaitForIt wait_for_it) {
    if (result == kResults.busy) return wait_for<kResults>(lock, kind, Holders::kOne, site, wait_for_it);
    if (result == kResults.with_lock_too) acquired_slowly(this_thread, lock, kind, Holders::kOne, site, true);
    return result;
}

// Locks before the profiler has started, after a fork, and while there are delays.
template <const Results& kResults, typename TryIt, typename WaitForIt>
[[gnu::noinline, gnu::cold]] int lock_specially(const void* lock, LockKind kind, std::uintptr_t site,
                                                TryIt try_it, WaitForIt wait_for_it) {
    if (!is_recording()) return wait_for_it();
    int result = try_it();
    if (result == 0) {
        acquired_slowly(this_thread, lock, kind, Holders::kOne, site, true);
    } else {
        result = not_at_once<kResults>(lock, kind, site, result, wait_for_it);
    }
    if (result == 0) delay_section_if_wanted(lock, site);
    return result;
}

// Locks an exclusive lock. `try_it` and `wait_for_it` call the next functions. Rare work is in tail calls, so
// that the usual path saves only one register. For the same reason the caller's address is read where it is
// needed. This function is inlined into the wrapper, so that the address is the wrapper's caller.
template <const Results& kResults, typename TryIt, typename WaitForIt>
[[gnu::always_inline]] inline int lock_alone(const void* lock, LockKind kind, TryIt try_it,
                                             WaitForIt wait_for_it) {
    const Mode now = mode.load(std::memory_order_relaxed);
    if (now != Mode::kOn) [[unlikely]] {
        return now == Mode::kOff ? wait_for_it()
                                 : lock_specially<kResults>(lock, kind, ASHLAR_CALLER, try_it, wait_for_it);
    }
    const int result = try_it();
    if (result != 0) [[unlikely]]
        return not_at_once<kResults>(lock, kind, ASHLAR_CALLER, result, wait_for_it);
    acquired(lock, kind, ASHLAR_CALLER);
    return 0;
}

// Forwards the program's own try.
template <const Results& kResults, typename TryIt>
[[gnu::always_inline]] inline int try_alone(const void* lock, LockKind kind, std::uintptr_t site,
                                            TryIt try_it) {
    if (!is_recording()) [[unlikely]]
        return try_it();
    const int result = try_it();
    if (result == kResults.busy) [[unlikely]] {
        try_failed(lock, kind, site);
    } else if (result == 0 || result == kResults.with_lock_too) {
        acquired(lock, kind, site, true);
        delay_section_if_wanted(lock, site);
    }
    return result;
}

template <typename ReleaseIt>
[[gnu::noinline]] int unlock_slowly(const void* lock, ReleaseIt release_it) {
    if (!is_recording()) return release_it();
    const Released what = releasing(lock);
    const int result = release_it();
    if (what.row != nullptr) released(what);
    return result;
}

template <typename ReleaseIt>
[[gnu::always_inline]] inline int unlock(const void* lock, ReleaseIt release_it) {
    if (released_quickly(lock)) [[likely]]
        return release_it();
    if (is_off()) return release_it();
    return unlock_slowly(lock, release_it);
}

} // namespace ashlar::locks
