/* SPDX-License-Identifier: MIT */
/* Uses the function of a preloaded library whose resolver allocates. */
#include "exercise.h"

void* resolved_block(void) __attribute__((weak));

int main(void) {
    MUST(resolved_block != NULL);
    exercise(100000);
    unsigned char* block = resolved_block();
    MUST(block != NULL && malloc_usable_size(block) >= 500);
    memset(block, 1, 500);
    block = realloc(block, 5000);
    MUST(block != NULL && all_bytes_are(block, 500, 1));
    free(block);
    return 0;
}
