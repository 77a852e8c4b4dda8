/* SPDX-License-Identifier: MIT */
/* A library to preload. Its IFUNC resolver allocates. The loader calls the resolver while it relocates a
 * user of the function, before any constructor. */
#include <stdlib.h>

static void* early;

static void* block(void) {
    return early;
}

typedef void* Block(void);
__attribute__((used)) static Block* resolve(void) {
    early = malloc(500);
    for (size_t size = 1; size < 5000; size += 100) {
        char* const other = calloc(1, size);
        if (other != NULL) other[size - 1] = 1;
        free(other);
    }
    return block;
}

void* resolved_block(void) __attribute__((ifunc("resolve")));
void* resolved_block(void);
