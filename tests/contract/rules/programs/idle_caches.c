/* SPDX-License-Identifier: MIT */
/*
 * idle_caches <trim | refused | child>: threads use many sizes and go idle. Their cached blocks are given
 * back when the main thread trims, when its request would otherwise be refused, and in a child that lacks
 * those threads.
 */
#include "common/must.h"

#include <ashlar/ashlar.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern int ashlar_get_statistics(struct ashlar_statistics* out, size_t size) __attribute__((weak));
extern int malloc_trim(size_t keep);

enum {
    kThreads = 20,
    kLargest = 30000,
    kBlocks = 30,
    kMost = 64 << 10 /* limit for the main thread's own cache */
};
static pthread_barrier_t idle, over;

static void* in_thread(void* unused) {
    (void)unused;
    static _Thread_local void* blocks[kBlocks];
    for (size_t size = 16; size <= kLargest; size += 16 + size / 8) {
        for (size_t i = 0; i < kBlocks; ++i)
            blocks[i] = malloc(opaque_size(size));
        for (size_t i = 0; i < kBlocks; ++i)
            free(blocks[i]);
    }
    pthread_barrier_wait(&idle);
    pthread_barrier_wait(&over);
    /* The thread continues to use a cache. */
    void* const block = malloc(opaque_size(100));
    MUST(block != NULL);
    free(block);
    return NULL;
}

static size_t cached(void) {
    struct ashlar_statistics statistics;
    MUST(ashlar_get_statistics(&statistics, sizeof statistics) == 0);
    return statistics.cached;
}

static int in_child(void) {
    const pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        malloc_trim(0);
        _exit(cached() <= kMost ? 0 : 1);
    }
    int status = -1;
    MUST(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int count, char** arguments) {
    MUST(count == 2);
    MUST(pthread_barrier_init(&idle, NULL, kThreads + 1) == 0);
    MUST(pthread_barrier_init(&over, NULL, kThreads + 1) == 0);
    pthread_t threads[kThreads];
    for (int i = 0; i < kThreads; ++i)
        MUST(pthread_create(&threads[i], NULL, in_thread, NULL) == 0);
    pthread_barrier_wait(&idle);
    MUST(cached() > 4 * kMost);
    if (strcmp(arguments[1], "child") == 0) {
        MUST(in_child());
        MUST(cached() > 4 * kMost);
    } else if (strcmp(arguments[1], "trim") == 0) {
        MUST(malloc_trim(0) == 1);
        MUST(cached() <= kMost);
    } else {
        MUST(malloc(opaque_size((size_t)1 << 40)) == NULL);
        MUST(cached() <= kMost);
    }
    pthread_barrier_wait(&over);
    for (int i = 0; i < kThreads; ++i)
        MUST(pthread_join(threads[i], NULL) == 0);
    return 0;
}
