/* SPDX-License-Identifier: MIT */
/* A library to preload. Its fork handler forks once, and both processes continue the outer fork. The
 * library is initialised before all others, so the handler may run between those of the allocator. */
#include "common/must.h"

#include <pthread.h>
#include <sys/wait.h>

int went_on_in_child; /* true in the process that the handler forked */

static void fork_and_go_on(void) {
    static int forked;
    if (forked) return;
    forked = 1;
    const pid_t pid = fork();
    MUST(pid >= 0);
    went_on_in_child = pid == 0;
    int status = 0;
    if (pid != 0) MUST(waitpid(pid, &status, 0) == pid);
    MUST(status == 0);
}

__attribute__((constructor)) static void start(void) {
    MUST(pthread_atfork(fork_and_go_on, NULL, NULL) == 0);
}
