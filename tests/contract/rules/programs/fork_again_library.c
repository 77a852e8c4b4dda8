/* SPDX-License-Identifier: MIT */
/* A library to preload: its fork handlers fork in turn, each once. The library is initialised before all
 * others, so its handlers may run between those of the allocator. */
#include "forks.h"

#include <pthread.h>

static _Thread_local int nested; /* handlers of a nested fork do not fork */

static void fork_again(void) {
    exercise(5000);
    if (nested) return;
    nested = 1;
    fork_and_wait(1, 5000);
    nested = 0;
    exercise(5000);
}

__attribute__((constructor)) static void start(void) {
    MUST(pthread_atfork(fork_again, fork_again, fork_again) == 0);
}
