/* SPDX-License-Identifier: MIT */
/* The first call of the process comes from .preinit_array, before any constructor, including the
 * allocator's. */
#include "exercise.h"

static unsigned char* early;
enum { kEarlySize = 3000 };

static void before_constructors(int count, char** arguments, char** environment) {
    (void)count, (void)arguments, (void)environment;
    early = malloc(kEarlySize);
    MUST(early != NULL);
    memset(early, 0x3C, kEarlySize);
    exercise(100000);
}

__attribute__((section(".preinit_array"), used)) static void (*const entry)(int, char**,
                                                                            char**) = before_constructors;

int main(void) {
    MUST(early != NULL);
    exercise(100000);
    MUST(all_bytes_are(early, kEarlySize, 0x3C));
    early = realloc(early, 2 * kEarlySize);
    MUST(early != NULL && all_bytes_are(early, kEarlySize, 0x3C));
    free(early);
    return 0;
}
