/* SPDX-License-Identifier: MIT */
/*
 * Tells the lock profiler (`libashlar-locks.so`, docs/locks.md) of locks that it cannot see: a program's own
 * spin locks, mutexes of coroutines. In C, usable from C and C++.
 *
 * The profiler's functions are weak. Without the profiler each call below is a test of an address, which
 * fails. Every function may be called by any thread; the one that releases need not be the one that acquired.
 *
 *     struct ashlar_lock_wait wait = ashlar_lock_no_wait();
 *     if (!try_to_take(lock)) {
 *         wait = ashlar_lock_wait_begins(lock);
 *         take(lock);                              // or: the coroutine is suspended, and keeps `wait`
 *     }
 *     ashlar_lock_acquired(lock, wait);
 *     ...
 *     ashlar_lock_released(lock);                  // right before the lock is let go
 */
#ifndef ASHLAR_LOCKS_H
#define ASHLAR_LOCKS_H

#include <stdint.h> /* NOLINT(modernize-deprecated-headers): C includes this */

#ifdef __cplusplus
extern "C" {
#endif

/* A wait that has begun. Belongs to whoever waits; copies mean the same wait. */
struct ashlar_lock_wait {
    uint64_t since;  /* ns of CLOCK_MONOTONIC; 0: there was no wait, or it is not recorded */
    uint32_t stack;  /* the profiler's number for the stack of the call */
    uint32_t thread; /* and for the thread */
};

/* What the profiler exports. Call the functions below, which ask whether it is there. */
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

/* The first try to take the lock failed, and the caller is about to wait. */
static inline struct ashlar_lock_wait ashlar_lock_wait_begins(const void* lock) {
    return ashlar_locks_wait_begins ? ashlar_locks_wait_begins(lock) : ashlar_lock_no_wait();
}

/* The lock is taken: after that wait, or at the first try (ashlar_lock_no_wait()). Call it while holding the
 * lock. The wait ends here, so a coroutine calls it when it runs again. */
static inline void ashlar_lock_acquired(const void* lock, struct ashlar_lock_wait wait) {
    if (ashlar_locks_acquired) {
        ashlar_locks_acquired(lock, wait);
    }
}

/* The wait is over and the lock not taken: out of time, or cancelled. */
static inline void ashlar_lock_wait_abandoned(const void* lock, struct ashlar_lock_wait wait) {
    if (ashlar_locks_wait_abandoned) {
        ashlar_locks_wait_abandoned(lock, wait);
    }
}

/* The lock is about to be released. Its stack is the one that the profile shows for the holder. */
static inline void ashlar_lock_released(const void* lock) {
    if (ashlar_locks_released) {
        ashlar_locks_released(lock);
    }
}

/* The lock's name in the profile. It is copied, at most 63 bytes of it. Without a name the profile shows the
 * symbol of the object, or the place that took it first. */
static inline void ashlar_lock_name(const void* lock, const char* name) {
    if (ashlar_locks_name) {
        ashlar_locks_name(lock, name);
    }
}

#ifdef __cplusplus
}
#endif

#endif
