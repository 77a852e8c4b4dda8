/* SPDX-License-Identifier: MIT */
/* Has its own allocator under other names, like programs with a static jemalloc. */
#include <stdlib.h>

static _Alignas(16) char heap[1000];

void* je_malloc(size_t size);

__attribute__((noinline)) void* je_malloc(size_t size) {
    return size <= sizeof heap ? heap : NULL;
}

int main(void) {
    void* const block = malloc(10);
    free(block);
    return je_malloc(10) == NULL;
}
