/* SPDX-License-Identifier: MIT */
/* Uses blocks of all sizes, including those that an allocator may pass to the next one, and calls that
 * involve both. */
#include "exercise.h"

#include <malloc.h>
#include <pthread.h>

static void* in_thread(void* unused) {
    exercise(20000);
    return unused;
}

int main(void) {
    exercise(20000);
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, in_thread, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
    for (size_t size = 1 << 16; size <= (size_t)1 << 36; size *= 4) {
        char* block = malloc(opaque_size(size));
        if (block == NULL) continue; /* the system may refuse */
        block[size - 1] = 1;
        block = realloc(block, size / 2);
        MUST(block != NULL);
        MUST(malloc_usable_size(block) >= size / 2);
        free(block);
    }
    MUST(malloc(opaque_size((size_t)1 << 60)) == NULL);
    (void)malloc_trim(0);
    MUST(mallinfo2().uordblks < (size_t)1 << 20);
    malloc_stats();
    return 0;
}
