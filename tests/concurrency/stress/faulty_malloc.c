/* SPDX-License-Identifier: MIT */
/*
 * glibc's malloc with an occasional fault, to be preloaded. The model must find the fault that FAULT
 * names.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* block, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void* block);

/* One call in kRarely fails. The first calls are the program's own, before the model starts. */
enum { kRarely = 100 };

static _Bool strikes(const char* fault) {
    static atomic_uint calls;
    const char* const chosen = getenv("FAULT");
    return chosen != NULL && strncmp(chosen, fault, strlen(fault)) == 0 &&
           atomic_fetch_add(&calls, 1) % kRarely == kRarely - 1;
}

static size_t usable_size(void* block) {
    static size_t (*next)(void*);
    if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "malloc_usable_size");
    return next(block);
}

void* malloc(size_t size) {
    static void* _Atomic last;
    if (size > PTRDIFF_MAX && strikes("refusal")) return __libc_malloc(1);
    void* const before = last;
    if (before != NULL && strikes("twice") && usable_size(before) >= size) return before;
    return last = __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
    unsigned char* const block = __libc_calloc(count, size);
    if (block != NULL && count * size != 0 && strikes("calloc")) block[count * size - 1] = 1;
    return block;
}

void* realloc(void* block, size_t size) {
    unsigned char* const moved = __libc_realloc(block, size);
    if (block != NULL && moved != NULL && strikes("realloc")) moved[0] ^= 1;
    return moved;
}

void* memalign(size_t alignment, size_t size) {
    unsigned char* const block = __libc_memalign(alignment, size);
    return block != NULL && alignment > 16 && strikes("alignment") ? block + 16 : block;
}

size_t malloc_usable_size(void* block) {
    const size_t size = usable_size(block);
    return size != 0 && strikes("usable") ? size - 8 : size;
}

void free(void* block) {
    __libc_free(block);
    if (block != NULL && strikes("errno")) errno = EDOM;
}
