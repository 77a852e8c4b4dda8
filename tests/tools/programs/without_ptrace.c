/* SPDX-License-Identifier: MIT */
/* Runs a command that may not trace others, as in many containers. */
#include "seccomp_filter.h"

#include <errno.h>
#include <unistd.h>

int main(int count, char** arguments) {
    const int calls[] = {SYS_ptrace};
    MUST(count > 1);
    filter_calls(calls, 1, SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW);
    execvp(arguments[1], arguments + 1);
    return 127;
}
