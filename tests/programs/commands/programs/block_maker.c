/* SPDX-License-Identifier: MIT */
/* A library that allocates. */
#include <stdlib.h>

void* make_block(void);

void* make_block(void) {
    return malloc(100);
}
