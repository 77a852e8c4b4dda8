/* SPDX-License-Identifier: MIT */
/*
 * MUST(condition) ends the program with a line on stderr that names the place and errno if the condition does
 * not hold. It allocates nothing: what the programs look at may be the very reason why it fails.
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

/* For places that are not reached if all is well. */
__attribute__((noreturn)) static inline void give_up(const char* why) {
    dprintf(STDERR_FILENO, "%s (errno %d)\n", why, errno);
    _exit(1);
}

/* Hides from the compiler what a pointer points to and a number is. */
static inline void* opaque_pointer(void* pointer) {
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}
static inline size_t opaque_size(size_t size) {
    __asm__ volatile("" : "+r"(size));
    return size;
}

#endif
