/* SPDX-License-Identifier: MIT */
/*
 * refused_beside_large: takes and frees a large block, and requests an impossible size in between, many
 * times. Neither the address space nor the heap's own memory may grow with the number of rounds.
 */
#include "common/must.h"
#include "status.h"

#include <stdlib.h>

enum { kFirst = 100, kRounds = 1000, kMostMib = 16 };

static void come_and_go(int rounds) {
    for (int i = 0; i < rounds; ++i) {
        void* const block = opaque_pointer(malloc(opaque_size((size_t)100 << 20)));
        MUST(block != NULL);
        free(block);
        MUST(opaque_pointer(malloc(opaque_size((size_t)4 << 40))) == NULL);
    }
}

int main(void) {
    come_and_go(kFirst);
    const long size = status_kib("VmSize:");
    const long resident = status_kib("VmRSS:");
    come_and_go(kRounds);
    MUST(status_kib("VmSize:") <= size + kMostMib * 1024);
    MUST(status_kib("VmRSS:") <= resident + kMostMib * 1024 / 4);
    return 0;
}
