/* SPDX-License-Identifier: MIT */
/* A library to preload. Its constructor registers fork handlers that allocate, perhaps before the
 * allocator's own. */
#include "exercise.h"

#include <pthread.h>

static void allocate(void) {
    exercise(10000);
}

__attribute__((constructor)) static void start(void) {
    MUST(pthread_atfork(allocate, allocate, allocate) == 0);
}
