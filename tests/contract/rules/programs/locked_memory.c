/* SPDX-License-Identifier: MIT */
/*
 * Locks all of its memory, present and future, without privilege under a small RLIMIT_MEMLOCK. It must
 * continue to work with blocks of all sizes and with threads.
 */
#include "exercise.h"

#include <pthread.h>
#include <sys/mman.h>

static void* work(void* unused) {
    (void)unused;
    for (int i = 0; i < 20; ++i)
        exercise(100000);
    return NULL;
}

int main(void) {
    work(NULL);
    MUST(mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
    work(NULL);
    pthread_attr_t attributes;
    MUST(pthread_attr_init(&attributes) == 0);
    MUST(pthread_attr_setstacksize(&attributes, 256 * 1024) == 0);
    for (int i = 0; i < 4; ++i) {
        pthread_t thread;
        MUST(pthread_create(&thread, &attributes, work, NULL) == 0);
        MUST(pthread_join(thread, NULL) == 0);
    }
    return 0;
}
