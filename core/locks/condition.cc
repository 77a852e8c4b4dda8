// SPDX-License-Identifier: MIT
// Condition variables and barriers. A wait for a condition is recorded as a release and an acquisition of the
// mutex. The final wait for the mutex cannot be told apart from the wait for the condition.
#include "locks/wrappers.h"

#if defined(__x86_64__)
#define ASHLAR_NEW_WAIT "ashlar_new_cond_wait"
#define ASHLAR_NEW_TIMEDWAIT "ashlar_new_cond_timedwait"
#else
#define ASHLAR_NEW_WAIT "pthread_cond_wait"
#define ASHLAR_NEW_TIMEDWAIT "pthread_cond_timedwait"
#endif

using namespace ashlar::locks; // NOLINT(google-build-using-namespace): nothing includes this file

namespace {

// `mutex` is the mutex that the wait gives up, or null.
template <typename WaitForIt>
int wait_for_event(const void* object, LockKind kind, const void* mutex, std::uintptr_t site, int timed_out,
                   WaitForIt wait_for_it) {
    if (!is_recording()) return wait_for_it();
    if (mutex != nullptr) waiting_for_condition(mutex);
    Wait wait(object, kind, site);
    const int result = wait_for_it();
    const bool got = kind == LockKind::kBarrier || result == 0;
    wait.end(got, got || result == timed_out);
    if (got) count_event(object, kind, site, &LockRow::acquisitions);
    if (mutex != nullptr) waited_for_condition(mutex, site);
    return result;
}

} // namespace

extern "C" {

int wait_condition(pthread_cond_t* condition, pthread_mutex_t* mutex) ASHLAR_WRAPS(ASHLAR_NEW_WAIT);
int wait_condition_until(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* end)
    ASHLAR_WRAPS(ASHLAR_NEW_TIMEDWAIT);
int wait_condition_by_clock(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                            const timespec* end) ASHLAR_WRAPS("pthread_cond_clockwait");
int wait_cnd(cnd_t* condition, mtx_t* mutex) ASHLAR_WRAPS("cnd_wait");
int wait_cnd_until(cnd_t* condition, mtx_t* mutex, const timespec* end) ASHLAR_WRAPS("cnd_timedwait");
int wait_barrier(pthread_barrier_t* barrier) ASHLAR_WRAPS("pthread_barrier_wait");

int wait_condition(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    return wait_for_event(condition, LockKind::kCondition, mutex, ASHLAR_CALLER, ETIMEDOUT,
                          [=] { return next.cond_wait(condition, mutex); });
}

int wait_condition_until(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* end) {
    return wait_for_event(condition, LockKind::kCondition, mutex, ASHLAR_CALLER, ETIMEDOUT,
                          [=] { return next.cond_timedwait(condition, mutex, end); });
}

int wait_condition_by_clock(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                            const timespec* end) {
    return wait_for_event(condition, LockKind::kCondition, mutex, ASHLAR_CALLER, ETIMEDOUT,
                          [=] { return next.cond_clockwait(condition, mutex, clock, end); });
}

int wait_cnd(cnd_t* condition, mtx_t* mutex) {
    return wait_for_event(condition, LockKind::kCondition, mutex, ASHLAR_CALLER, thrd_timedout,
                          [=] { return next.cnd_wait(condition, mutex); });
}

int wait_cnd_until(cnd_t* condition, mtx_t* mutex, const timespec* end) {
    return wait_for_event(condition, LockKind::kCondition, mutex, ASHLAR_CALLER, thrd_timedout,
                          [=] { return next.cnd_timedwait(condition, mutex, end); });
}

int wait_barrier(pthread_barrier_t* barrier) {
    return wait_for_event(barrier, LockKind::kBarrier, nullptr, ASHLAR_CALLER, ETIMEDOUT,
                          [=] { return next.barrier_wait(barrier); });
}

#if defined(__x86_64__)
// Programs linked before 2003 use an older kind of condition variable.
int wait_old_condition(pthread_cond_t* condition, pthread_mutex_t* mutex)
    ASHLAR_WRAPS("ashlar_old_cond_wait");
int wait_old_condition_until(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* end)
    ASHLAR_WRAPS("ashlar_old_cond_timedwait");

int wait_old_condition(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    return wait_for_event(condition, LockKind::kCondition, mutex, ASHLAR_CALLER, ETIMEDOUT,
                          [=] { return next.old_cond_wait(condition, mutex); });
}

int wait_old_condition_until(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* end) {
    return wait_for_event(condition, LockKind::kCondition, mutex, ASHLAR_CALLER, ETIMEDOUT,
                          [=] { return next.old_cond_timedwait(condition, mutex, end); });
}

asm(".symver ashlar_new_cond_wait, pthread_cond_wait@@@GLIBC_2.3.2\n"
    ".symver ashlar_new_cond_timedwait, pthread_cond_timedwait@@@GLIBC_2.3.2\n"
    ".symver ashlar_old_cond_wait, pthread_cond_wait@GLIBC_2.2.5, remove\n"
    ".symver ashlar_old_cond_timedwait, pthread_cond_timedwait@GLIBC_2.2.5, remove\n");
#endif

} // extern "C"
