// SPDX-License-Identifier: MIT
//
// What the wrappers have in common. Each tries the lock first and waits if that fails, so that a clock is
// read after a failure only.
//
// The wrappers have names of their own in C++, because the C library's declarations say noexcept: a thread
// that is cancelled inside leaves by unwinding.
#pragma once

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

// A lock that one thread holds. `try_it` and `wait_for_it` are calls of the next functions.
template <const Results& kResults, typename TryIt, typename WaitForIt>
[[gnu::always_inline]] inline int lock_alone(const void* lock, LockKind kind, std::uintptr_t site,
                                             TryIt try_it, WaitForIt wait_for_it) {
    if (!is_recording()) [[unlikely]]
        return wait_for_it();
    const int result = try_it();
    if (result == 0) [[likely]] {
        acquired(lock, kind, site);
        return 0;
    }
    if (result == kResults.busy) return wait_for<kResults>(lock, kind, Holders::kOne, site, wait_for_it);
    if (result == kResults.with_lock_too) acquired(lock, kind, site);
    return result;
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
    return unlock_slowly(lock, release_it);
}

} // namespace ashlar::locks
