/* SPDX-License-Identifier: MIT */
/* All blocks except huge ones come from Ashlar's heap, whatever the layout of the address space. */
#include "exercise.h"

#include <ashlar/ashlar.h>

#include <dlfcn.h>

int main(void) {
    int (*owns)(const void*) = NULL;
    void* const found = dlsym(RTLD_DEFAULT, "ashlar_owns");
    MUST(found != NULL);
    memcpy(&owns, &found, sizeof owns);
    for (size_t size = 1; size <= (size_t)64 << 20; size *= 2) {
        void* const block = malloc(size);
        MUST(block != NULL && owns(block));
        memset(block, 1, size);
        free(block);
    }
    exercise(30000);
    return 0;
}
