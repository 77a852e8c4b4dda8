/* SPDX-License-Identifier: MIT */
/* Forks again and again; each child uses the heap and must end well. */
#ifndef CONTRACT_PROGRAMS_FORKS_H
#define CONTRACT_PROGRAMS_FORKS_H

#include "exercise.h"

#include <sys/wait.h>
#include <unistd.h>

static inline void fork_and_wait(int times, size_t largest) {
    for (int i = 0; i < times; ++i) {
        const pid_t pid = fork();
        MUST(pid >= 0);
        if (pid == 0) {
            exercise(largest);
            _exit(0);
        }
        int status = -1;
        MUST(waitpid(pid, &status, 0) == pid);
        MUST(status == 0);
    }
}

#endif
