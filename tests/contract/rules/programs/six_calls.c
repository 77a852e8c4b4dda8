/* SPDX-License-Identifier: MIT */
/*
 * Allocates and frees blocks of the size classes under a filter. The filter allows mmap, munmap, mprotect,
 * madvise, mremap, futex and the calls that this program needs to end. It names any other call on stderr
 * and ends the program.
 */
#include "common/seccomp_filter.h"
#include "exercise.h"

#include <signal.h>

static void on_forbidden(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    dprintf(STDERR_FILENO, "system call %d is made\n", info->si_syscall);
    _exit(1);
}

int main(void) {
    enum { kBlocks = 20000, kLargest = 32760 }; /* the hardened library keeps 8 bytes */
    static void* blocks[kBlocks];
    struct sigaction action = {.sa_sigaction = on_forbidden, .sa_flags = SA_SIGINFO};
    MUST(sigaction(SIGSYS, &action, NULL) == 0);
    const int calls[] = {SYS_mmap,  SYS_munmap,     SYS_mprotect, SYS_madvise,     SYS_mremap,
                         SYS_futex, SYS_exit_group, SYS_write,    SYS_rt_sigreturn};
    filter_calls(calls, sizeof calls / sizeof calls[0], SECCOMP_RET_ALLOW, SECCOMP_RET_TRAP);
    for (int round = 0; round < 5; ++round) {
        exercise(kLargest);
        for (size_t i = 0; i < kBlocks; ++i) {
            blocks[i] = malloc(opaque_size(1 + i * 13 % 8000));
            MUST(blocks[i] != NULL);
            memset(blocks[i], 1, 1 + i * 13 % 8000);
        }
        for (size_t i = 0; i < kBlocks; ++i)
            free(blocks[i]);
    }
    return 0;
}
