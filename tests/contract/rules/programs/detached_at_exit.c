/* SPDX-License-Identifier: MIT */
/* Detached threads allocate while the process ends. The argument says how: main | thread | quick_exit |
 * _exit. */
#include "exercise.h"

#include <pthread.h>
#include <semaphore.h>

enum { kThreads = 4 };
static sem_t running;

static void* for_ever(void* unused) {
    (void)unused;
    exercise(10000);
    sem_post(&running);
    for (;;)
        exercise(10000);
    return NULL;
}

static void* end_process(void* unused) {
    (void)unused;
    exit(0);
}

static void at_exit(void) {
    exercise(10000);
}

int main(int count, char** arguments) {
    MUST(count == 2);
    MUST(sem_init(&running, 0, 0) == 0);
    MUST(atexit(at_exit) == 0);
    pthread_t thread;
    for (int i = 0; i < kThreads; ++i) {
        MUST(pthread_create(&thread, NULL, for_ever, NULL) == 0);
        MUST(pthread_detach(thread) == 0);
    }
    for (int i = 0; i < kThreads; ++i)
        while (sem_wait(&running) != 0)
            MUST(errno == EINTR);
    if (strcmp(arguments[1], "quick_exit") == 0) quick_exit(0);
    if (strcmp(arguments[1], "_exit") == 0) _exit(0);
    if (strcmp(arguments[1], "thread") == 0) {
        MUST(pthread_create(&thread, NULL, end_process, NULL) == 0);
        MUST(pthread_join(thread, NULL) == 0); /* never returns: the process ends first */
    }
    return 0;
}
