/* SPDX-License-Identifier: MIT */
/* Linked statically. */
#include <stdlib.h>

int main(void) {
    void* const block = malloc(100);
    free(block);
    return block == NULL;
}
