/* SPDX-License-Identifier: MIT */
/* Frees blocks that a preloaded library allocated in its constructor. */
#include "exercise.h"

void* early_block(void) __attribute__((weak));

int main(void) {
    MUST(early_block != NULL);
    unsigned char* block = early_block();
    MUST(block != NULL);
    exercise(100000);
    MUST(all_bytes_are(block, 500, 0x42));
    block = realloc(block, 5000);
    MUST(block != NULL && all_bytes_are(block, 500, 0x42));
    free(block);
    return 0;
}
