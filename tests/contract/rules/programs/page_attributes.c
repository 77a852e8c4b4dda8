/* SPDX-License-Identifier: MIT */
/*
 * page_attributes <what> <size>: advises or protects the pages of some blocks and releases them so. Later
 * blocks at these addresses must not be affected: a child has their contents, and they are writable. With
 * "huge" they take no more memory than is touched.
 */
#include "common/must.h"
#include "status.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { kAdvised = 4, kSmall = 2000, kMiddle = 40, kLarge = 4, kBlocks = kSmall + kMiddle + kLarge };

static void change_pages(const char* what, char* block, size_t size) {
    if (strcmp(what, "dontfork") == 0) MUST(madvise(block, size, MADV_DONTFORK) == 0);
    if (strcmp(what, "wipeonfork") == 0) MUST(madvise(block, size, MADV_WIPEONFORK) == 0);
    if (strcmp(what, "readonly") == 0) MUST(mprotect(block, size, PROT_READ) == 0);
    if (strcmp(what, "guard") == 0)
        MUST(mprotect(block, 4096, PROT_NONE) == 0); /* as programs do below a
                                                      * stack */
    if (strcmp(what, "huge") == 0)
        (void)madvise(block, size, MADV_HUGEPAGE); /* some kernels do not
                                                    * know it */
}

static void release_changed(const char* what, size_t size) {
    char* blocks[kAdvised];
    for (int i = 0; i < kAdvised; ++i) {
        blocks[i] = aligned_alloc(4096, opaque_size(size));
        MUST(blocks[i] != NULL);
        memset(blocks[i], 1, size);
        change_pages(what, blocks[i], size);
    }
    for (int i = 0; i < kAdvised; ++i)
        free(blocks[i]);
}

static size_t size_of(int block, size_t changed) {
    return block < kSmall ? 4000 : block < kSmall + kMiddle ? 70000 : changed;
}

/* Writes the first word of each page. */
static void write_block(char* block, size_t size, int value) {
    for (size_t at = 0; at + sizeof value <= size; at += 4096)
        memcpy(block + at, &value, sizeof value);
}
static int holds(const char* block, size_t size, int value) {
    int same = 1;
    for (size_t at = 0; at + sizeof value <= size; at += 4096)
        same = same && memcmp(block + at, &value, sizeof value) == 0;
    return same;
}

static void require_usual_blocks(size_t changed) {
    static char* blocks[kBlocks];
    for (int i = 0; i < kBlocks; ++i) {
        blocks[i] = malloc(opaque_size(size_of(i, changed)));
        MUST(blocks[i] != NULL);
        write_block(blocks[i], size_of(i, changed), i);
    }
    const pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        for (int i = 0; i < kBlocks; ++i)
            MUST(holds(blocks[i], size_of(i, changed), i));
        _exit(0);
    }
    int status = -1;
    MUST(waitpid(child, &status, 0) == child);
    MUST(status == 0);
    for (int i = 0; i < kBlocks; ++i)
        free(blocks[i]);
}

static void require_little_memory(void) {
    enum { kTouched = 64 };
    char* blocks[kTouched];
    const long before = status_kib("VmRSS:");
    for (int i = 0; i < kTouched; ++i) {
        blocks[i] = malloc(opaque_size(512 * 1024));
        MUST(blocks[i] != NULL);
        blocks[i][0] = 1;
    }
    MUST(status_kib("VmRSS:") - before < 4096);
    for (int i = 0; i < kTouched; ++i)
        free(blocks[i]);
}

int main(int count, char** arguments) {
    MUST(count == 3);
    const size_t size = (size_t)atol(arguments[2]);
    release_changed(arguments[1], size);
    if (strcmp(arguments[1], "huge") == 0) require_little_memory();
    require_usual_blocks(size);
    return 0;
}
