/* SPDX-License-Identifier: MIT */
/* Opens libashlar.so (the argument) beside the C library's malloc. Two threads make its first call at
 * once. */
#include "exercise.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

static void* (*their_malloc)(size_t);
static void (*their_free)(void*);
static atomic_int arrived;

static void wait_for_the_other(int count) {
    atomic_fetch_add(&arrived, 1);
    while (atomic_load(&arrived) < count)
        ; /* empty loop: any call would delay one of the threads */
}

static void* call_first(void* unused) {
    (void)unused;
    wait_for_the_other(2);
    char* const block = their_malloc(24);
    MUST(block != NULL);
    memset(block, 1, 24);
    wait_for_the_other(4);
    their_free(block);
    return NULL;
}

int main(int count, char** arguments) {
    MUST(count == 2);
    void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) dprintf(STDERR_FILENO, "%s\n", dlerror());
    MUST(library != NULL);
    void* found = dlsym(library, "malloc");
    memcpy(&their_malloc, &found, sizeof their_malloc);
    found = dlsym(library, "free");
    memcpy(&their_free, &found, sizeof their_free);
    pthread_t threads[2];
    for (int i = 0; i < 2; ++i)
        MUST(pthread_create(&threads[i], NULL, call_first, NULL) == 0);
    for (int i = 0; i < 2; ++i)
        MUST(pthread_join(threads[i], NULL) == 0);
    return 0;
}
