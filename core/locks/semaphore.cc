// SPDX-License-Identifier: MIT
// Semaphores. They have no holder, because any thread may post. A signal handler may call sem_post.
#include "locks/wrappers.h"

using namespace ashlar::locks; // NOLINT(google-build-using-namespace): nothing includes this file

namespace {

// The wrapped functions return -1 and set errno.
template <typename WaitForIt>
int wait_for_semaphore(sem_t* semaphore, std::uintptr_t site, WaitForIt wait_for_it) {
    if (!is_recording()) return wait_for_it();
    ::pthread_testcancel(); // each of them is a cancellation point even without a wait
    const int saved = errno;
    int result = next.sem_trywait(semaphore);
    if (result != 0) {
        const bool is_busy = errno == EAGAIN;
        errno = saved;
        if (!is_busy) return wait_for_it();
        Wait wait(semaphore, LockKind::kSemaphore, site);
        result = wait_for_it();
        wait.end(result == 0, result == 0 || errno == ETIMEDOUT);
    }
    if (result == 0) {
        count_event(semaphore, LockKind::kSemaphore, site, &LockRow::acquisitions);
        delay_section_if_wanted(semaphore, site);
    }
    return result;
}

} // namespace

extern "C" {

int wait_semaphore(sem_t* semaphore) ASHLAR_WRAPS("sem_wait");
int try_semaphore(sem_t* semaphore) ASHLAR_WRAPS("sem_trywait");
int wait_semaphore_until(sem_t* semaphore, const timespec* end) ASHLAR_WRAPS("sem_timedwait");
int wait_semaphore_by_clock(sem_t* semaphore, clockid_t clock, const timespec* end)
    ASHLAR_WRAPS("sem_clockwait");
int post_semaphore(sem_t* semaphore) ASHLAR_WRAPS("sem_post");
int destroy_semaphore(sem_t* semaphore) ASHLAR_WRAPS("sem_destroy");

int wait_semaphore(sem_t* semaphore) {
    return wait_for_semaphore(semaphore, ASHLAR_CALLER, [semaphore] { return next.sem_wait(semaphore); });
}

int try_semaphore(sem_t* semaphore) {
    if (!is_recording()) return next.sem_trywait(semaphore);
    const int result = next.sem_trywait(semaphore);
    if (result == 0) {
        count_event(semaphore, LockKind::kSemaphore, ASHLAR_CALLER, &LockRow::acquisitions);
    } else if (errno == EAGAIN) {
        try_failed(semaphore, LockKind::kSemaphore, ASHLAR_CALLER);
    }
    return result;
}

int wait_semaphore_until(sem_t* semaphore, const timespec* end) {
    return wait_for_semaphore(semaphore, ASHLAR_CALLER,
                              [semaphore, end] { return next.sem_timedwait(semaphore, end); });
}

int wait_semaphore_by_clock(sem_t* semaphore, clockid_t clock, const timespec* end) {
    return wait_for_semaphore(semaphore, ASHLAR_CALLER,
                              [semaphore, clock, end] { return next.sem_clockwait(semaphore, clock, end); });
}

// Counts before the post, because a waiting thread may destroy the semaphore right after it.
int post_semaphore(sem_t* semaphore) {
    if (is_recording()) count_event(semaphore, LockKind::kSemaphore, ASHLAR_CALLER, &LockRow::releases);
    return next.sem_post(semaphore);
}

int destroy_semaphore(sem_t* semaphore) {
    if (is_recording()) destroyed(semaphore);
    return next.sem_destroy(semaphore);
}

} // extern "C"
