/* SPDX-License-Identifier: MIT */
/* Registers fork handlers that allocate and free, and forks while other threads allocate. */
#include "forks.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

static sem_t running;
static atomic_bool stop;
static void* from_prepare;

static void prepare(void) {
    exercise(10000);
    from_prepare = malloc(100);
    MUST(from_prepare != NULL);
}
static void parent(void) {
    exercise(10000);
    free(from_prepare);
}
static void child(void) {
    exercise(10000);
    free(from_prepare);
}

static void* allocate(void* unused) {
    (void)unused;
    exercise(10000);
    sem_post(&running);
    while (!atomic_load(&stop))
        exercise(10000);
    return NULL;
}

int main(void) {
    enum { kThreads = 3, kForks = 100 };
    MUST(sem_init(&running, 0, 0) == 0);
    MUST(pthread_atfork(prepare, parent, child) == 0);
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
