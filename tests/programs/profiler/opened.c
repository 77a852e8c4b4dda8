/* SPDX-License-Identifier: MIT */
/* A library with a constructor that allocates. */
#include <stdlib.h>

void* opened_block;

__attribute__((constructor)) static void begin(void) {
    opened_block = malloc(100000);
}
__attribute__((destructor)) static void end(void) {
    free(opened_block);
}
