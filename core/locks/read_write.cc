// SPDX-License-Identifier: MIT
// Read-write locks. Readers hold a lock together. Their holds are timed, but no reader is blamed for a wait.
#include "locks/wrappers.h"

using namespace ashlar::locks; // NOLINT(google-build-using-namespace): nothing includes this file

namespace {

template <typename WaitForIt>
[[gnu::always_inline]] inline int read(pthread_rwlock_t* lock, std::uintptr_t site, WaitForIt wait_for_it) {
    if (!is_recording()) return wait_for_it();
    int result = next.rwlock_tryrdlock(lock);
    if (result == EBUSY) {
        result = wait_for<kPosix>(lock, LockKind::kReadWrite, Holders::kReaders, site, wait_for_it);
    } else if (result == 0) {
        acquired_slowly(this_thread, lock, LockKind::kReadWrite, Holders::kReaders, site, true);
    }
    if (result == 0) delay_section_if_wanted(lock, site);
    return result;
}

template <typename WaitForIt>
[[gnu::always_inline]] inline int write(pthread_rwlock_t* lock, WaitForIt wait_for_it) {
    return lock_alone<kPosix>(
        lock, LockKind::kReadWrite, [lock] { return next.rwlock_trywrlock(lock); }, wait_for_it);
}

} // namespace

extern "C" {

int read_lock(pthread_rwlock_t* lock) ASHLAR_WRAPS("pthread_rwlock_rdlock");
int try_read(pthread_rwlock_t* lock) ASHLAR_WRAPS("pthread_rwlock_tryrdlock");
int read_until(pthread_rwlock_t* lock, const timespec* end) ASHLAR_WRAPS("pthread_rwlock_timedrdlock");
int read_by_clock(pthread_rwlock_t* lock, clockid_t clock, const timespec* end)
    ASHLAR_WRAPS("pthread_rwlock_clockrdlock");
int write_lock(pthread_rwlock_t* lock) ASHLAR_WRAPS("pthread_rwlock_wrlock");
int try_write(pthread_rwlock_t* lock) ASHLAR_WRAPS("pthread_rwlock_trywrlock");
int write_until(pthread_rwlock_t* lock, const timespec* end) ASHLAR_WRAPS("pthread_rwlock_timedwrlock");
int write_by_clock(pthread_rwlock_t* lock, clockid_t clock, const timespec* end)
    ASHLAR_WRAPS("pthread_rwlock_clockwrlock");
int unlock_read_write(pthread_rwlock_t* lock) ASHLAR_WRAPS("pthread_rwlock_unlock");
int destroy_read_write(pthread_rwlock_t* lock) ASHLAR_WRAPS("pthread_rwlock_destroy");

int read_lock(pthread_rwlock_t* lock) {
    return read(lock, ASHLAR_CALLER, [lock] { return next.rwlock_rdlock(lock); });
}

int try_read(pthread_rwlock_t* lock) {
    if (!is_recording()) return next.rwlock_tryrdlock(lock);
    const int result = next.rwlock_tryrdlock(lock);
    if (result == EBUSY) {
        try_failed(lock, LockKind::kReadWrite, ASHLAR_CALLER);
    } else if (result == 0) {
        acquired_slowly(this_thread, lock, LockKind::kReadWrite, Holders::kReaders, ASHLAR_CALLER, false);
        delay_section_if_wanted(lock, ASHLAR_CALLER);
    }
    return result;
}

int read_until(pthread_rwlock_t* lock, const timespec* end) {
    return read(lock, ASHLAR_CALLER, [lock, end] { return next.rwlock_timedrdlock(lock, end); });
}

int read_by_clock(pthread_rwlock_t* lock, clockid_t clock, const timespec* end) {
    return read(lock, ASHLAR_CALLER,
                [lock, clock, end] { return next.rwlock_clockrdlock(lock, clock, end); });
}

int write_lock(pthread_rwlock_t* lock) {
    return write(lock, [lock] { return next.rwlock_wrlock(lock); });
}

int try_write(pthread_rwlock_t* lock) {
    return try_alone<kPosix>(lock, LockKind::kReadWrite, ASHLAR_CALLER,
                             [lock] { return next.rwlock_trywrlock(lock); });
}

int write_until(pthread_rwlock_t* lock, const timespec* end) {
    return write(lock, [lock, end] { return next.rwlock_timedwrlock(lock, end); });
}

int write_by_clock(pthread_rwlock_t* lock, clockid_t clock, const timespec* end) {
    return write(lock, [lock, clock, end] { return next.rwlock_clockwrlock(lock, clock, end); });
}

int unlock_read_write(pthread_rwlock_t* lock) {
    return unlock(lock, [lock] { return next.rwlock_unlock(lock); });
}

int destroy_read_write(pthread_rwlock_t* lock) {
    if (is_recording()) destroyed(lock);
    return next.rwlock_destroy(lock);
}

} // extern "C"
