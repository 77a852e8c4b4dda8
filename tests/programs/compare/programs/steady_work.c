// SPDX-License-Identifier: MIT
// 0.1 s of arithmetic, with a block of memory for every microsecond. Malloc is such a small part that only
// deliberate work in malloc makes a difference.
#include <stdint.h>
#include <stdlib.h>

enum { kBlocks = 100000, kStepsPerBlock = 500 };

int main(void) {
    uint64_t state = 1;
    for (int block = 0; block < kBlocks; ++block) {
        uint64_t* const place = malloc(sizeof *place + state % 500);
        if (place == NULL) {
            return 1;
        }
        for (int step = 0; step < kStepsPerBlock; ++step) {
            state = state * 6364136223846793005U + 1442695040888963407U;
        }
        *place = state;
        free(place);
    }
    return state == 0;
}
