/* SPDX-License-Identifier: MIT */
/* A small workload that every program of the contract tests can run at any point. It allocates blocks of
 * many sizes in every way of C, writes, compares and frees them. It needs only the heap. */
#ifndef CONTRACT_PROGRAMS_EXERCISE_H
#define CONTRACT_PROGRAMS_EXERCISE_H

#include "common/must.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { kExerciseBlocks = 200 };

static inline int all_bytes_are(const unsigned char* block, size_t size, unsigned char value) {
    for (size_t i = 0; i < size; ++i)
        if (block[i] != value) return 0;
    return 1;
}

static inline size_t exercise_size(size_t index, size_t largest) {
    const size_t size = 1 + (index * index * 37 + index) % 3000;
    return index % 50 == 49 || size > largest ? largest : size;
}

static inline unsigned char* exercise_block(size_t index, size_t size) {
    switch (index % 5) {
    case 0:
        return (unsigned char*)calloc(1, size);
    case 1:
        return (unsigned char*)aligned_alloc(64, size);
    case 2:
        return (unsigned char*)realloc(malloc(1 + size / 3), size);
    default:
        return (unsigned char*)malloc(size);
    }
}

static inline void exercise(size_t largest) {
    unsigned char* blocks[kExerciseBlocks];
    for (size_t i = 0; i < kExerciseBlocks; ++i) {
        const size_t size = exercise_size(i, largest);
        blocks[i] = exercise_block(i, size);
        MUST(blocks[i] != NULL);
        MUST((uintptr_t)blocks[i] % 16 == 0);
        MUST(i % 5 != 0 || all_bytes_are(blocks[i], size, 0));
        memset(blocks[i], (int)i, size);
    }
    for (size_t i = 0; i < kExerciseBlocks; ++i) {
        MUST(all_bytes_are(blocks[i], exercise_size(i, largest), (unsigned char)i));
        free(blocks[i]);
    }
}

#endif
