/* SPDX-License-Identifier: MIT */
/*
 * What a child may rely on if a signal handler forked it while its thread held a lock of the allocator.
 * Blocks come from the fallback. Released or resized blocks of the heap stay unchanged.
 */
#ifndef CONTRACT_PROGRAMS_CLOSED_HEAP_H
#define CONTRACT_PROGRAMS_CLOSED_HEAP_H

#include "exercise.h"

static const size_t kept_sizes[] = {24, 100, 3000, 20000, 33000, 100000, 400000};
enum { kKept = sizeof(kept_sizes) / sizeof(kept_sizes[0]), kOfEach = 3 };
static unsigned char* kept[kKept][kOfEach];

static inline void fill_kept(void) {
    for (size_t i = 0; i < kKept; ++i) {
        for (size_t k = 0; k < kOfEach; ++k) {
            MUST((kept[i][k] = opaque_pointer(malloc(opaque_size(kept_sizes[i])))) != NULL);
            memset(kept[i][k], (int)(16 * i + k + 1), kept_sizes[i]);
        }
    }
}

static inline void kept_are_intact(void) {
    for (size_t i = 0; i < kKept; ++i)
        for (size_t k = 0; k < kOfEach; ++k)
            MUST(all_bytes_are(kept[i][k], kept_sizes[i], (unsigned char)(16 * i + k + 1)));
}

/* Returns whether `block` is outside the heap. Ashlar's blocks lie within 1 TiB, and the C library's are
 * far away. */
static inline int is_elsewhere(const void* block) {
    const uintptr_t one = (uintptr_t)block, other = (uintptr_t)kept[0][0];
    return (one > other ? one - other : other - one) >> 40 != 0;
}

/* Returns whether the heap is closed. If it is open, the thread was interrupted outside of locks, perhaps
 * inside its cache. So the request has a size that caches do not keep. */
static inline int is_closed(void) {
    void* const block = opaque_pointer(calloc(1, opaque_size(777777)));
    MUST(block != NULL);
    return is_elsewhere(block);
}

static inline unsigned char* must_be_elsewhere(void* block, size_t size) {
    MUST(block != NULL);
    MUST(is_elsewhere(opaque_pointer(block)));
    MUST(malloc_usable_size(block) >= size);
    return (unsigned char*)block;
}

static inline void allocate_elsewhere(size_t size) {
    unsigned char* const blocks[] = {malloc(opaque_size(size)), calloc(1, opaque_size(size)),
                                     aligned_alloc(64, opaque_size(size)), realloc(NULL, opaque_size(size))};
    MUST(all_bytes_are(must_be_elsewhere(blocks[1], size), size, 0));
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); ++i) {
        memset(must_be_elsewhere(blocks[i], size), 77, size);
        free(blocks[i]);
    }
}

/* Uses the closed heap. Released blocks keep their contents afterwards, because they are never reused. */
static inline void use_closed_heap(void) {
    for (size_t i = 0; i < kKept; ++i) {
        const size_t size = kept_sizes[i];
        allocate_elsewhere(size);
        MUST(malloc_usable_size(kept[i][0]) >= size);
        unsigned char* const longer =
            must_be_elsewhere(realloc(kept[i][0], size + size / 8), size + size / 8);
        unsigned char* const shorter =
            must_be_elsewhere(realloc(kept[i][1], size - size / 8), size - size / 8);
        MUST(all_bytes_are(longer, size, (unsigned char)(16 * i + 1)));
        MUST(all_bytes_are(shorter, size - size / 8, (unsigned char)(16 * i + 2)));
        free(kept[i][2]);
    }
    malloc_trim(0);
}

#endif
