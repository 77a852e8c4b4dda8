/* SPDX-License-Identifier: MIT */
/*
 * many_mappings [closed]: fills the kernel's table of mappings (vm.max_map_count), so that mmap, mprotect
 * and even munmap fail with ENOMEM. The heap must return blocks or null with ENOMEM, and free silently. It
 * works as before once there is room again. With `closed`, a block that was inaccessible when it was
 * released is accessible in its next use; the C library's malloc crashes.
 */
#include "exercise.h"
#include "hoard.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { kMostMappings = 2000000, kPage = 4096, kMiB = 1 << 20, kClosed = 16 * kMiB, kNext = 3 * kMiB };

/* Splits the area by alternating protections, which keep the kernel from merging neighbours. Stops at the
 * limit. */
static size_t split(char* area) {
    size_t pages = 0;
    while (pages < kMostMappings && mprotect(area + 2 * pages * kPage, kPage, PROT_READ) == 0)
        ++pages;
    return pages;
}

static char* closed_block(void) {
    char* const block = malloc(opaque_size(kClosed));
    MUST(block != NULL);
    char* const inside = (char*)(((uintptr_t)block + 0xffff) & ~(uintptr_t)0xffff);
    MUST(mprotect(inside, kClosed - 0x10000, PROT_NONE) == 0);
    return block;
}

static void replace(char* closed) {
    free(closed);
    char* blocks[4];
    for (int i = 0; i < 4; ++i) {
        blocks[i] = malloc(opaque_size(kNext));
        MUST(blocks[i] != NULL || errno == ENOMEM);
        if (blocks[i] != NULL) memset(blocks[i], i, kNext);
    }
    for (int i = 0; i < 4; ++i)
        free(blocks[i]);
}

static void with_full_table(void) {
    struct hoard hoard = {NULL, 0, 0};
    for (size_t i = 0; i < 20000; ++i)
        if (!hoard_one(&hoard, 16 + i * 37 % 40000)) MUST(errno == ENOMEM);
    for (size_t i = 0; i < 20; ++i)
        if (!hoard_one(&hoard, 1000000)) MUST(errno == ENOMEM);
    hoard_check(&hoard);
    for (struct held* block = hoard.first; block != NULL; block = block->next) {
        errno = 0;
        void* const grown = realloc(malloc(100), 500000);
        MUST(grown != NULL || errno == ENOMEM);
        free(grown); /* null loses the small block to this test, on purpose */
        if (grown == NULL) break;
    }
    errno = E2BIG;
    hoard_free(&hoard, 1);
    MUST(errno == E2BIG);
}

int main(int count, char** arguments) {
    const int closes = count > 1 && strcmp(arguments[1], "closed") == 0;
    exercise(100000);
    const size_t span = (size_t)2 * kMostMappings * kPage;
    char* const area = mmap(NULL, span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    MUST(area != MAP_FAILED);
    for (int round = 0; round < 2; ++round) {
        char* const closed = closes ? closed_block() : NULL;
        const size_t pages = split(area);
        MUST(pages > 0 && pages < kMostMappings);
        if (closes) replace(closed);
        with_full_table();
        MUST(mprotect(area, span, PROT_NONE) == 0); /* merges the mappings */
        for (int i = 0; i < 20; ++i)
            exercise(1000000);
    }
    return 0;
}
