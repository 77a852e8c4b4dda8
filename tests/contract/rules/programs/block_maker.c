/* SPDX-License-Identifier: MIT */
/* A library that allocates with the malloc that it is bound to. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void* make_block(size_t size);
void* make_block(size_t size) {
    void* const block = malloc(size);
    if (block != NULL) memset(block, 0x29, size);
    return block;
}

void* make_aligned_block(size_t alignment, size_t size);
void* make_aligned_block(size_t alignment, size_t size) {
    void* const block = memalign(alignment, size);
    if (block != NULL) memset(block, 0x29, size);
    return block;
}
