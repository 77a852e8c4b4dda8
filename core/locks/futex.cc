// SPDX-License-Identifier: MIT
// Wraps syscall(SYS_futex), by which C++20's semaphores, latches and atomics and Rust's locks wait. Only
// waits and wakes at an address are visible.
#include "locks/wrappers.h"

#include <linux/futex.h>
#include <sys/syscall.h>

using namespace ashlar::locks; // NOLINT(google-build-using-namespace): nothing includes this file

namespace {

bool waits(long operation) {
    const long what = operation & FUTEX_CMD_MASK;
    return what == FUTEX_WAIT || what == FUTEX_WAIT_BITSET || what == FUTEX_LOCK_PI;
}

bool wakes(long operation) {
    const long what = operation & FUTEX_CMD_MASK;
    return what == FUTEX_WAKE || what == FUTEX_WAKE_BITSET || what == FUTEX_UNLOCK_PI;
}

[[gnu::noinline]] long call_futex(std::uintptr_t site, const void* word, long a, long operation, long c,
                                  long d, long e, long f) {
    if (wakes(operation)) count_event(word, LockKind::kFutex, site, &LockRow::releases);
    if (!waits(operation)) return next.syscall(SYS_futex, a, operation, c, d, e, f);
    Wait wait(word, LockKind::kFutex, site);
    const long result = next.syscall(SYS_futex, a, operation, c, d, e, f);
    // EAGAIN: the word had changed before the thread could sleep.
    wait.end(result == 0, result == 0 || errno == ETIMEDOUT || errno == EINTR);
    if (result == 0) count_event(word, LockKind::kFutex, site, &LockRow::acquisitions);
    return result;
}

} // namespace

extern "C" {

// Passes on all six words, as the C library does. Words that a call does not have are arbitrary.
long call_system(long number, long a, long b, long c, long d, long e, long f) ASHLAR_WRAPS("syscall");

long call_system(long number, long a, long b, long c, long d, long e, long f) {
    if (!is_recording() || number != SYS_futex) return next.syscall(number, a, b, c, d, e, f);
    return call_futex(ASHLAR_CALLER, reinterpret_cast<const void*>(a), a, b, c, d, e, f);
}

} // extern "C"
