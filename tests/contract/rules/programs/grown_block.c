/* SPDX-License-Identifier: MIT */
/*
 * grown_block: a written block grows in place, without touching the new part. Its release does not touch
 * that part either.
 */
#include "common/must.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

int main(void) {
    const size_t size = (size_t)3 << 20;
    char* block = opaque_pointer(malloc(opaque_size(size)));
    MUST(block != NULL);
    memset(block, 1, size);
    free(block);
    block = opaque_pointer(malloc(opaque_size(size)));
    MUST(block != NULL);
    block = opaque_pointer(realloc(block, opaque_size(10 * size)));
    MUST(block != NULL);
    const long before = status_kib("VmRSS:");
    free(block);
    MUST(status_kib("VmRSS:") <= before + 1024);
    return 0;
}
