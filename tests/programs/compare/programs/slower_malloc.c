// SPDX-License-Identifier: MIT
// The C library's malloc, spending a twentieth of the CPU time that the process has used without it on top.
// Whoever compares it with the C library's own should find it slower, whatever the program and the machine.
// The share is taken of the time itself, so nothing has to be tuned. For programs of one thread.
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

extern void* __libc_malloc(size_t size);

static const double kShare = 0.05;
enum { kCallsBetween = 1024 }; // looking at the clock is a system call

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void spend(void) {
    static double spent = 0;
    const double start = cpu_seconds();
    const double goal = (start - spent) * kShare;
    const double until = start + goal - spent;
    while (cpu_seconds() < until) {
    }
    spent += cpu_seconds() - start;
}

void* malloc(size_t size) {
    static unsigned calls = 0;
    if (++calls % kCallsBetween == 0) {
        spend();
    }
    return __libc_malloc(size);
}
