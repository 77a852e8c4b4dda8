/* SPDX-License-Identifier: MIT */
/* Forks while other threads allocate. A preloaded library adds the rest. */
#include "forks.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

static sem_t running;
static atomic_bool stop;

static void* allocate(void* unused) {
    sem_post(&running);
    while (!atomic_load(&stop))
        exercise(10000);
    return unused;
}

int main(void) {
    enum { kThreads = 2, kForks = 30 };
    MUST(sem_init(&running, 0, 0) == 0);
    pthread_t threads[kThreads];
    for (int i = 0; i < kThreads; ++i)
        MUST(pthread_create(&threads[i], NULL, allocate, NULL) == 0);
    for (int i = 0; i < kThreads; ++i)
        while (sem_wait(&running) != 0)
            MUST(errno == EINTR);
    fork_and_wait(kForks, 10000);
    atomic_store(&stop, 1);
    for (int i = 0; i < kThreads; ++i)
        MUST(pthread_join(threads[i], NULL) == 0);
    return 0;
}
