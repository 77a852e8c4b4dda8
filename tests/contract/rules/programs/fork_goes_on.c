/* SPDX-License-Identifier: MIT */
/* Forks, and so does a fork handler of a preloaded library. The handler's child continues the outer fork.
 * Afterwards the C library's list of streams must be unlocked in it. */
#include "forks.h"

#include <pthread.h>

extern int went_on_in_child __attribute__((weak)); /* defined by the preloaded library */

static void* flush(void* unused) {
    MUST(fflush(NULL) == 0);
    return unused;
}

static void* wait_for_ever(void* unused) {
    for (;;)
        pause();
    return unused;
}

static void flush_here_and_in_a_thread(void) {
    pthread_t thread;
    flush(NULL);
    MUST(pthread_create(&thread, NULL, flush, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
}

int main(void) {
    enum { kSeconds = 60 };
    pthread_t thread; /* fork takes locks only with threads */
    MUST(&went_on_in_child != NULL);
    MUST(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
    alarm(kSeconds);
    fork_and_wait(1, 5000);
    if (went_on_in_child) alarm(kSeconds); /* a child inherits no alarm */
    flush_here_and_in_a_thread();
    fork_and_wait(1, 5000);
    exercise(5000);
    _exit(0);
}
