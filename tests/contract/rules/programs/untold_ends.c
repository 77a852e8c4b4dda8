/* SPDX-License-Identifier: MIT */
/*
 * untold_ends <trim | fork>: threads end without notice to the allocator. They allocate first in the last
 * round of key destructors, or end by a direct system call. Their stacks hold their caches, and are
 * unmapped or reused by the next threads. Then the caches are asked for their blocks.
 */
#include "forks.h"

#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>

enum { kThreads = 3, kLongStack = 64 << 20, kShortStack = 256 << 10 }; /* long stacks are unmapped at once */

static pthread_key_t key;

/* Allocates in the last round. `round` is the number of the round. */
static void in_last_round(void* round) {
    if ((uintptr_t)round < PTHREAD_DESTRUCTOR_ITERATIONS) {
        MUST(pthread_setspecific(key, (void*)((uintptr_t)round + 1)) == 0);
    } else {
        exercise(3000);
    }
}

static void* end_late(void* unused) {
    MUST(pthread_setspecific(key, (void*)(uintptr_t)1) == 0);
    return unused;
}

static void* end_by_system_call(void* unused) {
    exercise(3000);
    syscall(SYS_exit, 0);
    return unused;
}

static void start(void* (*what)(void*), size_t stack) {
    pthread_attr_t attributes;
    MUST(pthread_attr_init(&attributes) == 0);
    MUST(pthread_attr_setstacksize(&attributes, stack) == 0);
    for (int i = 0; i < kThreads; ++i) {
        pthread_t thread;
        MUST(pthread_create(&thread, &attributes, what, NULL) == 0);
        MUST(pthread_join(thread, NULL) == 0);
    }
}

static void* use(void* unused) {
    exercise(3000);
    malloc_trim(0);
    exercise(3000);
    return unused;
}

int main(int count, char** arguments) {
    MUST(count == 2);
    MUST(pthread_key_create(&key, in_last_round) == 0);
    exercise(3000);
    for (int ways = 0; ways < 2; ++ways) {
        start(ways == 0 ? end_late : end_by_system_call, kLongStack);
        start(ways == 0 ? end_late : end_by_system_call, kShortStack);
        if (strcmp(arguments[1], "fork") == 0) {
            fork_and_wait(3, 3000);
        } else {
            malloc_trim(0);
            start(use, kShortStack);
        }
    }
    return 0;
}
