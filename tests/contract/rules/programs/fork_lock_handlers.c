/* SPDX-License-Identifier: MIT */
/* Fork handlers like those of a linked library, registered before any constructor. They take a lock that
 * another thread holds while it allocates. */
#include "forks.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t running;
static atomic_bool stop;

static void take_lock(void) {
    MUST(pthread_mutex_lock(&lock) == 0);
}
static void give_lock(void) {
    MUST(pthread_mutex_unlock(&lock) == 0);
}

static void register_handlers(int count, char** arguments, char** environment) {
    (void)count, (void)arguments, (void)environment;
    MUST(pthread_atfork(take_lock, give_lock, give_lock) == 0);
}
__attribute__((section(".preinit_array"), used)) static void (*const entry)(int, char**,
                                                                            char**) = register_handlers;

static void* allocate_under_lock(void* unused) {
    (void)unused;
    sem_post(&running);
    while (!atomic_load(&stop)) {
        take_lock();
        exercise(5000);
        give_lock();
    }
    return NULL;
}

int main(void) {
    enum { kForks = 300 };
    MUST(sem_init(&running, 0, 0) == 0);
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, allocate_under_lock, NULL) == 0);
    while (sem_wait(&running) != 0)
        MUST(errno == EINTR);
    fork_and_wait(kForks, 1000);
    atomic_store(&stop, 1);
    MUST(pthread_join(thread, NULL) == 0);
    return 0;
}
