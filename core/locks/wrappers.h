// SPDX-License-Identifier: MIT
//
// What the wrappers have in common. What can be tried is tried first: then the clock is read if that fails,
// or if the hold is one that is timed.
//
// The wrappers have names of their own in C++, because the C library's declarations say noexcept: a thread
// that is cancelled inside leaves by unwinding.
#pragma once

#include "locks/delay.h"
#include "locks/hold.h"
#include "locks/next.h"

#include <cerrno>

#define ASHLAR_WRAPS(name) asm(name) __attribute__((visibility("default")))
#define ASHLAR_CALLER ::ashlar::locks::caller(__builtin_return_address(0))

namespace ashlar::locks {

// How functions report that a lock was busy, and what else they return.
struct Results {
    int busy;
    int timed_out;
    int with_lock_too; // a result, beside 0, with which the caller has the lock
};
inline constexpr Results kPosix{EBUSY, ETIMEDOUT, EOWNERDEAD};
inline constexpr Results kC11{thrd_busy, thrd_timedout, -1}; // no such result

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

// The first try of a lock that one thread holds has failed, or has a result of its own.
template <const Results& kResults, typename WaitForIt>
[[gnu::noinline, gnu::cold]] int not_at_once(const void* lock, LockKind kind, std::uintptr_t site, int result,
                                             WaitForIt wait_for_it) {
    if (result == kResults.busy) return wait_for<kResults>(lock, kind, Holders::kOne, site, wait_for_it);
    if (result == kResults.with_lock_too) acquired_slowly(this_thread, lock, kind, Holders::kOne, site, true);
    return result;
}

// Before the profiler has started, after a fork, and if sections are to be delayed.
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

// A lock that one thread holds. `try_it` and `wait_for_it` are calls of the next functions. What is seldom
// needed is called at the end, so that the usual way saves one register only. The caller's address is read
// where it is needed, for the same reason: all this is part of a wrapper.
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

// The program's own try.
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
