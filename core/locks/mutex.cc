// SPDX-License-Identifier: MIT
// Mutexes and spin locks of POSIX and of C11. In glibc a C11 mutex is a POSIX mutex.
#include "locks/wrappers.h"

using namespace ashlar::locks; // NOLINT(google-build-using-namespace): nothing includes this file

extern "C" {

int lock_mutex(pthread_mutex_t* mutex) ASHLAR_WRAPS("pthread_mutex_lock");
int try_mutex(pthread_mutex_t* mutex) ASHLAR_WRAPS("pthread_mutex_trylock");
int lock_mutex_until(pthread_mutex_t* mutex, const timespec* end) ASHLAR_WRAPS("pthread_mutex_timedlock");
int lock_mutex_by_clock(pthread_mutex_t* mutex, clockid_t clock, const timespec* end)
    ASHLAR_WRAPS("pthread_mutex_clocklock");
int unlock_mutex(pthread_mutex_t* mutex) ASHLAR_WRAPS("pthread_mutex_unlock");
int destroy_mutex(pthread_mutex_t* mutex) ASHLAR_WRAPS("pthread_mutex_destroy");

int lock_spin(pthread_spinlock_t* lock) ASHLAR_WRAPS("pthread_spin_lock");
int try_spin(pthread_spinlock_t* lock) ASHLAR_WRAPS("pthread_spin_trylock");
int unlock_spin(pthread_spinlock_t* lock) ASHLAR_WRAPS("pthread_spin_unlock");
int destroy_spin(pthread_spinlock_t* lock) ASHLAR_WRAPS("pthread_spin_destroy");

int lock_mtx(mtx_t* mutex) ASHLAR_WRAPS("mtx_lock");
int try_mtx(mtx_t* mutex) ASHLAR_WRAPS("mtx_trylock");
int lock_mtx_until(mtx_t* mutex, const timespec* end) ASHLAR_WRAPS("mtx_timedlock");
int unlock_mtx(mtx_t* mutex) ASHLAR_WRAPS("mtx_unlock");
void destroy_mtx(mtx_t* mutex) ASHLAR_WRAPS("mtx_destroy");

int lock_mutex(pthread_mutex_t* mutex) {
    return lock_alone<kPosix>(
        mutex, LockKind::kMutex, [mutex] { return next.mutex_trylock(mutex); },
        [mutex] { return next.mutex_lock(mutex); });
}

int try_mutex(pthread_mutex_t* mutex) {
    return try_alone<kPosix>(mutex, LockKind::kMutex, ASHLAR_CALLER,
                             [mutex] { return next.mutex_trylock(mutex); });
}

int lock_mutex_until(pthread_mutex_t* mutex, const timespec* end) {
    return lock_alone<kPosix>(
        mutex, LockKind::kMutex, [mutex] { return next.mutex_trylock(mutex); },
        [mutex, end] { return next.mutex_timedlock(mutex, end); });
}

int lock_mutex_by_clock(pthread_mutex_t* mutex, clockid_t clock, const timespec* end) {
    return lock_alone<kPosix>(
        mutex, LockKind::kMutex, [mutex] { return next.mutex_trylock(mutex); },
        [mutex, clock, end] { return next.mutex_clocklock(mutex, clock, end); });
}

int unlock_mutex(pthread_mutex_t* mutex) {
    return unlock(mutex, [mutex] { return next.mutex_unlock(mutex); });
}

int destroy_mutex(pthread_mutex_t* mutex) {
    if (!is_recording()) return next.mutex_destroy(mutex);
    const int result = next.mutex_destroy(mutex);
    if (result == 0) destroyed(mutex);
    return result;
}

// A spin lock is an integer that programs may write without these functions. glibc's initial value is 1.
int lock_spin(pthread_spinlock_t* lock) {
    const auto* const object = const_cast<const int*>(lock);
    return lock_alone<kPosix>(
        object, LockKind::kSpin, [lock] { return next.spin_trylock(lock); },
        [lock] { return next.spin_lock(lock); });
}

int try_spin(pthread_spinlock_t* lock) {
    return try_alone<kPosix>(const_cast<const int*>(lock), LockKind::kSpin, ASHLAR_CALLER,
                             [lock] { return next.spin_trylock(lock); });
}

int unlock_spin(pthread_spinlock_t* lock) {
    return unlock(const_cast<const int*>(lock), [lock] { return next.spin_unlock(lock); });
}

int destroy_spin(pthread_spinlock_t* lock) {
    if (is_recording()) destroyed(const_cast<const int*>(lock));
    return next.spin_destroy(lock);
}

int lock_mtx(mtx_t* mutex) {
    return lock_alone<kC11>(
        mutex, LockKind::kMutex, [mutex] { return next.mtx_trylock(mutex); },
        [mutex] { return next.mtx_lock(mutex); });
}

int try_mtx(mtx_t* mutex) {
    return try_alone<kC11>(mutex, LockKind::kMutex, ASHLAR_CALLER,
                           [mutex] { return next.mtx_trylock(mutex); });
}

int lock_mtx_until(mtx_t* mutex, const timespec* end) {
    return lock_alone<kC11>(
        mutex, LockKind::kMutex, [mutex] { return next.mtx_trylock(mutex); },
        [mutex, end] { return next.mtx_timedlock(mutex, end); });
}

int unlock_mtx(mtx_t* mutex) {
    return unlock(mutex, [mutex] { return next.mtx_unlock(mutex); });
}

void destroy_mtx(mtx_t* mutex) {
    if (is_recording()) destroyed(mutex);
    next.mtx_destroy(mutex);
}

} // extern "C"
