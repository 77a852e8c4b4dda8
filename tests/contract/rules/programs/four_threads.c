/* SPDX-License-Identifier: MIT */
/*
 * four_threads <bytes of stack> [all-processors]: four threads with such stacks allocate at once. With
 * all-processors they use every processor of the machine, though the heap was first used on fewer. Blocks
 * have the sizes of the size classes. Larger blocks go to the C library, whose arenas reserve 64 MiB a
 * thread.
 */
#include "exercise.h"

#include <pthread.h>
#include <sched.h>

enum { kThreads = 4, kRounds = 20, kLargest = 30000 };
static pthread_barrier_t all_there;

static void* in_thread(void* unused) {
    (void)unused;
    pthread_barrier_wait(&all_there);
    for (int i = 0; i < kRounds; ++i)
        exercise(kLargest);
    return NULL;
}

static void widen(void) {
    cpu_set_t all;
    memset(&all, 0xFF, sizeof all);
    exercise(kLargest);
    MUST(sched_setaffinity(0, sizeof all, &all) == 0);
}

int main(int count, char** arguments) {
    MUST(count >= 2);
    if (count == 3) widen();
    pthread_attr_t attributes;
    MUST(pthread_attr_init(&attributes) == 0);
    MUST(pthread_attr_setstacksize(&attributes, strtoul(arguments[1], NULL, 10)) == 0);
    MUST(pthread_barrier_init(&all_there, NULL, kThreads) == 0);
    pthread_t threads[kThreads];
    for (int i = 0; i < kThreads; ++i) {
        errno = pthread_create(&threads[i], &attributes, in_thread, NULL);
        MUST(errno == 0);
    }
    for (int i = 0; i < kThreads; ++i)
        MUST(pthread_join(threads[i], NULL) == 0);
    exercise(kLargest);
    return 0;
}
