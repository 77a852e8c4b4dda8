/* SPDX-License-Identifier: MIT */
/* Holds all blocks that malloc gives. The list runs through the blocks, because other memory is
 * unavailable meanwhile. */
#ifndef CONTRACT_PROGRAMS_HOARD_H
#define CONTRACT_PROGRAMS_HOARD_H

#include "common/must.h"

#include <stdlib.h>
#include <string.h>

struct held {
    struct held* next;
    size_t size; /* of the whole block; its lowest byte fills the rest of the block */
};

struct hoard {
    struct held* first;
    size_t blocks;
    size_t bytes;
};

/* Returns the size of the block at `index`. Size 0 requests a mix. */
static inline size_t hoard_size(size_t size, size_t index) {
    if (size != 0) return size;
    return index % 100 == 0 ? 200000 : sizeof(struct held) + (index * 7919) % 5000;
}

/* Adds one block. Returns false if memory was refused, with errno as malloc left it. */
static inline int hoard_one(struct hoard* hoard, size_t size) {
    errno = 0;
    struct held* const block = (struct held*)malloc(size);
    if (block == NULL) return 0;
    memset(block, (int)(size & 0xFF), size);
    block->next = hoard->first;
    block->size = size;
    hoard->first = block;
    hoard->bytes += size;
    ++hoard->blocks;
    return 1;
}

static inline void hoard_until_refused(struct hoard* hoard, size_t size) {
    while (hoard_one(hoard, hoard_size(size, hoard->blocks))) {
    }
    MUST(errno == ENOMEM);
}

static inline void hoard_check(const struct hoard* hoard) {
    size_t blocks = 0;
    for (const struct held* block = hoard->first; block != NULL; block = block->next, ++blocks) {
        const unsigned char* const content = (const unsigned char*)(block + 1);
        const size_t length = block->size - sizeof *block;
        MUST(length == 0 || content[0] == (block->size & 0xFF));
        MUST(length == 0 || memcmp(content, content + 1, length - 1) == 0);
    }
    MUST(blocks == hoard->blocks);
}

/* Frees one block in `every`, from the newest on. */
static inline void hoard_free(struct hoard* hoard, size_t every) {
    struct held** link = &hoard->first;
    for (size_t i = 0; *link != NULL; ++i) {
        struct held* const block = *link;
        if (i % every != 0) {
            link = &block->next;
            continue;
        }
        *link = block->next;
        hoard->bytes -= block->size;
        --hoard->blocks;
        free(block);
    }
}

#endif
