/* SPDX-License-Identifier: MIT */
/* A library to preload: its IFUNC resolver allocates. */
#include <stdlib.h>

static void* early;

static void* block(void) {
    return early;
}

typedef void* Block(void);
__attribute__((used)) static Block* resolve(void) {
    early = malloc(100);
    free(malloc(1000));
    return block;
}

void* resolved_block(void) __attribute__((ifunc("resolve")));
void* resolved_block(void);
