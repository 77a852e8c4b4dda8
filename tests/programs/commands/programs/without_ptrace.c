/* SPDX-License-Identifier: MIT */
/* Runs a command that must not trace other processes or read their memory, as in many containers. */
#include "common/seccomp_filter.h"

#include <errno.h>
#include <unistd.h>

int main(int count, char** arguments) {
    const int calls[] = {SYS_ptrace, SYS_process_vm_readv};
    MUST(count > 1);
    filter_calls(calls, 2, SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW);
    execvp(arguments[1], arguments + 1);
    return 127;
}
