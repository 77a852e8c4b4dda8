/* SPDX-License-Identifier: MIT */
/*
 * A filter that makes chosen system calls fail, written as "CALL[@BYTES][+w]=ERROR,…":
 *
 *   mremap=ENOSYS        every mremap
 *   mmap@64m=ENOMEM      mappings of 64 MiB and more (k, m, g for powers of 1024; below 4g)
 *   mprotect+w=ENOMEM    what makes memory writable
 *   brk=0                fails by leaving the break where it is not
 */
#ifndef FAULTS_REFUSALS_H
#define FAULTS_REFUSALS_H

#include "common/seccomp_filter.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { kMostInstructions = 256, kMostOfRule = 8 };

struct refusals {
    struct sock_filter program[kMostInstructions];
    size_t length;
};

struct named_number {
    const char* name;
    int number;
};

static inline int find_number(const struct named_number* numbers, const char* name) {
    for (; numbers->name != NULL; ++numbers)
        if (strcmp(numbers->name, name) == 0) return numbers->number;
    dprintf(STDERR_FILENO, "refusals: %s is not known\n", name);
    _exit(2);
}

static inline int call_number(const char* name) {
    static const struct named_number calls[] = {{"mmap", SYS_mmap},         {"munmap", SYS_munmap},
                                                {"mprotect", SYS_mprotect}, {"madvise", SYS_madvise},
                                                {"mremap", SYS_mremap},     {"mbind", SYS_mbind},
                                                {"brk", SYS_brk},           {"openat", SYS_openat},
                                                {"read", SYS_read},         {"clone", SYS_clone},
                                                {"clone3", SYS_clone3},     {"prctl", SYS_prctl},
                                                {"getcpu", SYS_getcpu},     {NULL, 0}};
    return find_number(calls, name);
}

static inline unsigned error_number(const char* name) {
    static const struct named_number errors[] = {{"EPERM", EPERM},   {"ENOMEM", ENOMEM}, {"EAGAIN", EAGAIN},
                                                 {"EINVAL", EINVAL}, {"ENOSYS", ENOSYS}, {"EACCES", EACCES},
                                                 {"0", 0},           {NULL, 0}};
    return (unsigned)find_number(errors, name);
}

static inline unsigned parse_bytes(const char* text) {
    char* end = NULL;
    const unsigned long long number = strtoull(text, &end, 10);
    const unsigned shift = *end == 'k' ? 10 : *end == 'm' ? 20 : *end == 'g' ? 30 : 0;
    const unsigned long long bytes = number << shift;
    MUST(number != 0 && (*end == '\0' || end[1] == '\0') && bytes <= UINT32_MAX);
    return (unsigned)bytes;
}

/* Adds a rule for `call`. Length and protection are taken from the call's second and third argument. */
static inline void add_refusal(struct refusals* refusals, int call, unsigned least_bytes, int writable_only,
                               unsigned error) {
    enum {
        kLength = offsetof(struct seccomp_data, args[1]),
        kProtection = offsetof(struct seccomp_data, args[2])
    };
    struct sock_filter* const rule = refusals->program + refusals->length;
    size_t n = 0;
    size_t tests[3]; /* jumps over the rule if they fail */
    size_t test_count = 0;
    MUST(refusals->length + kMostOfRule + 3 < kMostInstructions);
    rule[n++] = load_of(offsetof(struct seccomp_data, nr));
    tests[test_count++] = n;
    rule[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 0);
    if (least_bytes != 0) {
        rule[n++] = load_of(kLength + 4);
        rule[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2);
        rule[n++] = load_of(kLength);
        tests[test_count++] = n;
        rule[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, least_bytes, 0, 0);
    }
    if (writable_only) {
        rule[n++] = load_of(kProtection);
        tests[test_count++] = n;
        rule[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_WRITE, 0, 0);
    }
    rule[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
    for (size_t i = 0; i < test_count; ++i)
        rule[tests[i]].jf = (unsigned char)(n - tests[i] - 1);
    refusals->length += n;
}

static inline void parse_refusals(struct refusals* refusals, const char* text) {
    char copy[512];
    MUST(strlen(text) < sizeof copy);
    strcpy(copy, text);
    refusals->length = 0;
    char* rest = NULL;
    for (char* each = strtok_r(copy, ",", &rest); each != NULL; each = strtok_r(NULL, ",", &rest)) {
        char* const error = strchr(each, '=');
        MUST(error != NULL);
        *error = '\0';
        char* const writable = strstr(each, "+w");
        if (writable != NULL) *writable = '\0';
        char* const bytes = strchr(each, '@');
        if (bytes != NULL) *bytes = '\0';
        add_refusal(refusals, call_number(each), bytes != NULL ? parse_bytes(bytes + 1) : 0, writable != NULL,
                    error_number(error + 1));
    }
    MUST(refusals->length != 0);
    refusals->program[refusals->length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

#endif
