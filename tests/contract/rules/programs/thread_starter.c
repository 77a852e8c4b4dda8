/* SPDX-License-Identifier: MIT */
/* A library whose constructor and destructor start and join a thread, under the loader's lock. The thread
 * allocates and trims. */
#include "exercise.h"

#include <malloc.h>
#include <pthread.h>

static void* in_thread(void* unused) {
    (void)unused;
    exercise(100000);
    malloc_trim(0);
    MUST(mallinfo2().uordblks > 0);
    return NULL;
}

static void start_and_join(void) {
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, in_thread, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
}

__attribute__((constructor)) static void start(void) {
    start_and_join();
}
__attribute__((destructor)) static void end(void) {
    start_and_join();
}
