/* SPDX-License-Identifier: MIT */
/*
 * locks_again <bytes>: locks one block after the other and releases each without unlocking it. The limit
 * on locked memory has room for some blocks. Every lock must succeed.
 */
#include "common/must.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { kTimes = 3000 };

int main(int count, char** arguments) {
    MUST(count == 2);
    const size_t size = (size_t)atol(arguments[1]);
    for (int i = 0; i < kTimes; ++i) {
        char* const block = malloc(opaque_size(size));
        MUST(block != NULL);
        memset(block, 1, size);
        MUST(mlock(block, size) == 0);
        free(opaque_pointer(block));
    }
    return 0;
}
