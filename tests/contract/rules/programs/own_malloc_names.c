/* SPDX-License-Identifier: MIT */
/*
 * A program whose own malloc lacks some names of the family, such as memalign, aligned_alloc, valloc,
 * pvalloc, reallocarray, operator new and delete. Its free must see no block of another malloc, wherever
 * these functions come from. Its blocks must reach no other free. The names are looked up, because not
 * every allocator has all of them.
 */
#include "common/must.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { kArena = 8 << 20, kHead = 16 };
static _Alignas(4096) unsigned char arena[kArena];
static size_t used;
static unsigned long freed;

static int is_ours(const void* block) {
    return (const unsigned char*)block >= arena && (const unsigned char*)block < arena + kArena;
}

static void* take(size_t alignment, size_t size) {
    if (size > kArena) {
        errno = ENOMEM;
        return NULL;
    }
    const size_t start = (used + kHead + alignment - 1) / alignment * alignment;
    MUST(start + size <= kArena);
    used = (start + size + 15) / 16 * 16;
    memcpy(arena + start - kHead, &size, sizeof size);
    return arena + start;
}

void* malloc(size_t size) {
    return take(16, size);
}
void free(void* block) {
    MUST(block == NULL || is_ours(block));
    if (block != NULL) ++freed;
}
void* calloc(size_t count, size_t size) {
    void* const block = malloc(count * size);
    return block != NULL ? memset(block, 0, count * size) : NULL;
}
void* realloc(void* block, size_t size) {
    MUST(block == NULL || is_ours(block));
    void* const moved = malloc(size);
    if (moved == NULL || block == NULL) return moved;
    size_t old;
    memcpy(&old, (unsigned char*)block - kHead, sizeof old);
    ++freed;
    return memcpy(moved, block, old < size ? old : size);
}
int posix_memalign(void** block, size_t alignment, size_t size) {
    *block = take(alignment, size);
    return *block != NULL ? 0 : ENOMEM;
}

/* Stores the process's function `name` in `function`. Returns 0 if there is none. */
static int find(void* function, const char* name) {
    void* const found = dlsym(RTLD_DEFAULT, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static void require_block(void* block, size_t alignment, const char* name) {
    if (!is_ours(block)) dprintf(STDERR_FILENO, "of %s:\n", name);
    MUST(is_ours(block));
    MUST((uintptr_t)block % alignment == 0);
    memset(block, 1, 100);
    const unsigned long before = freed;
    free(block);
    MUST(freed == before + 1);
}

static void require_freed(unsigned long before, const char* name) {
    if (freed != before + 1) dprintf(STDERR_FILENO, "by %s:\n", name);
    MUST(freed == before + 1);
}

static void try_allocating(void) {
    const struct {
        const char* name;
        int arguments; /* 1: size; 2: alignment, size; 3: size, alignment */
        int nothrow;
    } names[] = {{"memalign", 2, 0},
                 {"aligned_alloc", 2, 0},
                 {"valloc", 1, 0},
                 {"pvalloc", 1, 0},
                 {"_Znwm", 1, 0},
                 {"_Znam", 1, 0},
                 {"_ZnwmRKSt9nothrow_t", 1, 1},
                 {"_ZnamRKSt9nothrow_t", 1, 1},
                 {"_ZnwmSt11align_val_t", 3, 0},
                 {"_ZnamSt11align_val_t", 3, 0},
                 {"_ZnwmSt11align_val_tRKSt9nothrow_t", 3, 1},
                 {"_ZnamSt11align_val_tRKSt9nothrow_t", 3, 1}};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        void* (*of_size)(size_t, const void*);
        void* (*of_two)(size_t, size_t, const void*);
        if (!find(&of_size, names[i].name)) continue;
        find(&of_two, names[i].name);
        const char nothrow = 0;
        const size_t size = 500;
        const size_t alignment = names[i].arguments == 1 ? 16 : 256;
        require_block(names[i].arguments == 1   ? of_size(size, &nothrow)
                      : names[i].arguments == 2 ? of_two(alignment, size, &nothrow)
                                                : of_two(size, alignment, &nothrow),
                      alignment, names[i].name);
        if (!names[i].nothrow) continue;
        void* const refused = names[i].arguments == 1
                                  ? of_size(opaque_size(SIZE_MAX / 4), &nothrow)
                                  : of_two(opaque_size(SIZE_MAX / 4), alignment, &nothrow);
        MUST(refused == NULL);
    }
}

static void try_releasing(void) {
    const char* const names[] = {"cfree",
                                 "free_sized",
                                 "free_aligned_sized",
                                 "_ZdlPv",
                                 "_ZdaPv",
                                 "_ZdlPvm",
                                 "_ZdaPvm",
                                 "_ZdlPvRKSt9nothrow_t",
                                 "_ZdaPvRKSt9nothrow_t",
                                 "_ZdlPvSt11align_val_t",
                                 "_ZdaPvSt11align_val_t",
                                 "_ZdlPvmSt11align_val_t",
                                 "_ZdaPvmSt11align_val_t",
                                 "_ZdlPvSt11align_val_tRKSt9nothrow_t",
                                 "_ZdaPvSt11align_val_tRKSt9nothrow_t"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        void (*release)(void*, size_t, size_t);
        if (!find(&release, names[i])) continue;
        const unsigned long before = freed;
        release(malloc(64), 64, 64);
        require_freed(before, names[i]);
        release(NULL, 64, 64);
        MUST(freed == before + 1);
    }
}

static void try_resizing(void) {
    void* (*resize_array)(void*, size_t, size_t);
    if (!find(&resize_array, "reallocarray")) return;
    char* block = NULL;
    for (size_t count = 1; count < 50; ++count) {
        block = resize_array(block, count, 16);
        MUST(is_ours(block));
        memset(block, 7, count * 16);
    }
    block = resize_array(strdup("text"), 10, 10);
    MUST(is_ours(block));
    MUST(strcmp(block, "text") == 0);
    free(block);
    MUST(resize_array(NULL, SIZE_MAX / 2, 4) == NULL);
}

int main(int count, char** arguments) {
    (void)arguments;
    try_allocating();
    try_releasing();
    try_resizing();
    /* An allocator cannot know the size of another allocator's block. */
    if (count == 1) MUST(malloc_usable_size(malloc(100)) == 0);
    (void)malloc_trim(0);
    (void)mallinfo2();
    return 0;
}
