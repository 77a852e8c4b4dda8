/* SPDX-License-Identifier: MIT */
/*
 * locks_elsewhere: as locks_again, but each locked block has a new address. The limit on locked memory has
 * room for one block. Every lock must succeed once the library has seen the pattern.
 */
#include "common/must.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { kTimes = 50, kLocked = 40000, kPage = 65536 };

/* Locks the last `kLocked` bytes of a block that starts `pages` pages earlier, and frees the block locked. */
static void lock_and_free(int pages) {
    const size_t before = (size_t)pages * kPage;
    char* const block = malloc(opaque_size(before + kLocked));
    MUST(block != NULL);
    memset(block, 1, before + kLocked);
    MUST(mlock(block + before, kLocked) == 0);
    free(opaque_pointer(block));
}

int main(void) {
    lock_and_free(0);
    lock_and_free(0); /* at the address of the first block */
    for (int i = 1; i <= kTimes; ++i) {
        lock_and_free(i); /* does not fit into the space that the last block left */
        MUST(opaque_pointer(malloc(opaque_size(kLocked))) != NULL);
    }
    return 0;
}
