/* SPDX-License-Identifier: MIT */
/* Filters on system calls: a list of call numbers, the action for listed calls, and the action for all other
 * calls. */
#ifndef CONTRACT_PROGRAMS_SECCOMP_FILTER_H
#define CONTRACT_PROGRAMS_SECCOMP_FILTER_H

#include "must.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { kMostCalls = 32 };

static inline struct sock_filter load_of(size_t offset) {
    return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset);
}

static inline void install_filter(struct sock_filter* program, size_t length) {
    struct sock_fprog filter = {.len = (unsigned short)length, .filter = program};
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
}

static inline void filter_calls(const int* calls, size_t count, unsigned listed, unsigned others) {
    struct sock_filter program[2 * kMostCalls + 2];
    size_t length = 0;
    MUST(count <= kMostCalls);
    program[length++] = load_of(offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < count; ++i) {
        program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
        program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, listed);
    }
    program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others);
    install_filter(program, length);
}

#endif
