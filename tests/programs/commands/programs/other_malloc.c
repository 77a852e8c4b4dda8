/* SPDX-License-Identifier: MIT */
/* A malloc to preload: the C library's malloc under its other name. */
#include <stddef.h>

void* __libc_malloc(size_t size);
void* malloc(size_t size);

void* malloc(size_t size) {
    return __libc_malloc(size);
}
