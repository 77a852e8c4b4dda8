/* SPDX-License-Identifier: MIT */
/* Fails unless its malloc is Ashlar's. */
#include <ashlar/ashlar.h>

#include <stdlib.h>

int main(void) {
    void* const block = malloc(100);
    const int owned = ashlar_owns(block);
    free(block);
    return owned == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
