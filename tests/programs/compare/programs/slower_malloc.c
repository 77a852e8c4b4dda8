// SPDX-License-Identifier: MIT
// The C library's malloc plus 1/20 of the process's other CPU time. A comparison with the C library's own
// malloc should find it slower, on any program and machine. The share comes from the time itself, so there is
// nothing to tune. For programs with one thread.
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

extern void* __libc_malloc(size_t size);

static const double kShare = 0.05;
enum { kCallsBetween = 1024 }; // reading the clock is a system call

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
