/* SPDX-License-Identifier: MIT */
/*
 * locked_inside: locks an inner part of each long block and releases the block so. Neither its memory nor
 * the lock may last long.
 */
#include "common/must.h"
#include "status.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { kBlocks = 10, kMostMib = 40 };
static const size_t kSize = (size_t)64 << 20;
static const size_t kLocked = (size_t)1 << 20;

int main(void) {
    for (int i = 0; i < kBlocks; ++i) {
        char* const block = opaque_pointer(malloc(opaque_size(kSize)));
        MUST(block != NULL);
        memset(block, 1, kSize);
        MUST(mlock(block + kSize / 4, kLocked) == 0);
        free(block);
        malloc_trim(0);
    }
    MUST(status_kib("VmRSS:") < kMostMib * 1024);
    MUST(status_kib("VmLck:") <= (long)(kLocked / 1024) + 8);
    return 0;
}
