/* SPDX-License-Identifier: MIT */
/*
 * Tells the lock profiler (`libashlar-locks.so`, docs/locks.md) about locks that it cannot see: a program's
 * own spin locks, mutexes of coroutines. In C, usable from C and C++.
 *
 * The profiler's functions are weak. Without the profiler, each call below only tests an address. Any thread
 * may call any function, and a lock may be acquired and released by two threads.
 *
 *     struct ashlar_lock_wait wait = ashlar_lock_no_wait();
 *     if (!try_to_take(lock)) {
 *         wait = ashlar_lock_wait_begins(lock);
 *         take(lock);                              // or: the coroutine is suspended, and keeps `wait`
 *     }
 *     ashlar_lock_acquired(lock, wait);
 *     ...
 *     ashlar_lock_released(lock);                  // right before the lock is released
 */
#ifndef ASHLAR_LOCKS_H
#define ASHLAR_LOCKS_H

#include <stdint.h> /* NOLINT(modernize-deprecated-headers): C includes this */

#ifdef __cplusplus
extern "C" {
#endif

/* A wait that has begun. The waiting thread or coroutine owns it. Copies mean the same wait. */
struct ashlar_lock_wait {
    uint64_t since;  /* ns of CLOCK_MONOTONIC; 0: no wait, or not recorded */
    uint32_t stack;  /* the profiler's number for the stack of the call */
    uint32_t thread; /* the profiler's number for the thread */
};

/* The profiler's exports. Call the functions below instead, which test whether the profiler is present. */
__attribute__((weak, visibility("default"))) struct ashlar_lock_wait
ashlar_locks_wait_begins(const void* lock);
__attribute__((weak, visibility("default"))) void ashlar_locks_acquired(const void* lock,
                                                                        struct ashlar_lock_wait wait);
__attribute__((weak, visibility("default"))) void ashlar_locks_wait_abandoned(const void* lock,
                                                                              struct ashlar_lock_wait wait);
__attribute__((weak, visibility("default"))) void ashlar_locks_released(const void* lock);
__attribute__((weak, visibility("default"))) void ashlar_locks_name(const void* lock, const char* name);

static inline struct ashlar_lock_wait ashlar_lock_no_wait(void) {
    struct ashlar_lock_wait none = {0, 0, 0};
    return none;
}

/* Call this after the first try to take the lock failed, right before waiting. Returns the wait. */
static inline struct ashlar_lock_wait ashlar_lock_wait_begins(const void* lock) {
    return ashlar_locks_wait_begins ? ashlar_locks_wait_begins(lock) : ashlar_lock_no_wait();
}

/* Call this while holding the lock, after `wait`, or after the first try with ashlar_lock_no_wait(). The wait
 * ends here, so a coroutine calls this when it runs again. */
static inline void ashlar_lock_acquired(const void* lock, struct ashlar_lock_wait wait) {
    if (ashlar_locks_acquired) {
        ashlar_locks_acquired(lock, wait);
    }
}

/* Call this when the wait ends without the lock: out of time, or cancelled. */
static inline void ashlar_lock_wait_abandoned(const void* lock, struct ashlar_lock_wait wait) {
    if (ashlar_locks_wait_abandoned) {
        ashlar_locks_wait_abandoned(lock, wait);
    }
}

/* Call this right before releasing the lock. The profile shows the stack of this call for the holder. */
static inline void ashlar_lock_released(const void* lock) {
    if (ashlar_locks_released) {
        ashlar_locks_released(lock);
    }
}

/* Names the lock in the profile. Copies at most 63 bytes of `name`. Without a name the profile shows the
 * symbol of the object, or the place that took the lock first. */
static inline void ashlar_lock_name(const void* lock, const char* name) {
    if (ashlar_locks_name) {
        ashlar_locks_name(lock, name);
    }
}

#ifdef __cplusplus
}
#endif

#endif
