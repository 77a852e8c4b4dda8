/* SPDX-License-Identifier: MIT */
/* Four threads take all memory under a limit, free each other's blocks, and get memory again. */
#include "exercise.h"
#include "hoard.h"

#include <pthread.h>

enum { kThreads = 4, kStack = 256 * 1024, kSize = 1000 };
static struct hoard hoards[kThreads];
static pthread_barrier_t together;

static void* in_thread(void* argument) {
    const size_t self = (size_t)(uintptr_t)argument;
    struct hoard* const mine = &hoards[self];
    struct hoard* const neighbours = &hoards[(self + 1) % kThreads];
    for (int round = 0; round < 3; ++round) {
        pthread_barrier_wait(&together);
        hoard_until_refused(mine, kSize);
        pthread_barrier_wait(&together);
        hoard_check(mine);
        const size_t most = mine->blocks;
        pthread_barrier_wait(&together);
        hoard_free(neighbours, 1);
        pthread_barrier_wait(&together);
        for (size_t i = 0; i < most / 4; ++i)
            MUST(hoard_one(mine, kSize));
        hoard_check(mine);
        hoard_free(mine, 1);
    }
    return NULL;
}

int main(void) {
    pthread_attr_t attributes;
    MUST(pthread_attr_init(&attributes) == 0);
    MUST(pthread_attr_setstacksize(&attributes, kStack) == 0);
    MUST(pthread_barrier_init(&together, NULL, kThreads) == 0);
    pthread_t threads[kThreads];
    for (size_t i = 0; i < kThreads; ++i)
        MUST(pthread_create(&threads[i], &attributes, in_thread, (void*)(uintptr_t)i) == 0);
    for (size_t i = 0; i < kThreads; ++i)
        MUST(pthread_join(threads[i], NULL) == 0);
    exercise(30000);
    return 0;
}
