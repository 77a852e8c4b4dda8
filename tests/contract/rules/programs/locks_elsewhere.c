/* SPDX-License-Identifier: MIT */
/*
 * locks_elsewhere: as locks_again, but each block that is locked has a place of its own. The limit on locked
 * memory has room for one of them. Every lock must succeed once the library has seen what the program does.
 */
#include "common/must.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { kTimes = 50, kLocked = 40000, kPage = 65536 };

/* Locks the end of a block of so many pages and some more. */
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
    lock_and_free(0); /* where the first one was */
    for (int i = 1; i <= kTimes; ++i) {
        lock_and_free(i); /* too long for what the last one left */
        MUST(opaque_pointer(malloc(opaque_size(kLocked))) != NULL);
    }
    return 0;
}
