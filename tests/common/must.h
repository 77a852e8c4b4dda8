/* SPDX-License-Identifier: MIT */
/*
 * MUST(condition) ends the program if `condition` is false. A line on stderr names the place and errno. MUST
 * does not allocate, because the allocator under test may be the cause of the failure.
 */
#ifndef CONTRACT_PROGRAMS_MUST_H
#define CONTRACT_PROGRAMS_MUST_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            const int errno_of_failure = errno;                                                              \
            dprintf(STDERR_FILENO, "%s:%d: not so: %s (errno %d)\n", __FILE__, __LINE__, #condition,         \
                    errno_of_failure);                                                                       \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

/* Ends the program at a place that only a failure reaches. */
__attribute__((noreturn)) static inline void give_up(const char* why) {
    dprintf(STDERR_FILENO, "%s (errno %d)\n", why, errno);
    _exit(1);
}

/* Hide the target of a pointer and the value of a number from the compiler. */
static inline void* opaque_pointer(void* pointer) {
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}
static inline size_t opaque_size(size_t size) {
    __asm__ volatile("" : "+r"(size));
    return size;
}

#endif
