/* SPDX-License-Identifier: MIT */
/* without_calls <ENOSYS | EPERM> <program> <arguments>: runs the program while optional system calls of an
 * allocator fail with that error, as in containers. */
#include "common/seccomp_filter.h"

#include <string.h>

int main(int count, char** arguments) {
    MUST(count >= 3);
    const unsigned error = strcmp(arguments[1], "EPERM") == 0 ? EPERM : ENOSYS;
    const int calls[] = {SYS_getrandom,
                         SYS_prctl,
                         SYS_membarrier,
                         SYS_rseq,
                         SYS_getcpu,
                         SYS_mbind,
                         SYS_set_mempolicy,
                         SYS_get_mempolicy,
                         SYS_sched_getaffinity,
                         SYS_sched_setaffinity,
                         SYS_move_pages,
                         SYS_process_madvise,
                         SYS_userfaultfd};
    filter_calls(calls, sizeof calls / sizeof calls[0], SECCOMP_RET_ERRNO | error, SECCOMP_RET_ALLOW);
    execv(arguments[2], arguments + 2);
    give_up("exec does not work");
}
