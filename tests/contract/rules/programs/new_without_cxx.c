/* SPDX-License-Identifier: MIT */
/* A C program that calls operator new by its mangled name. The allocator supplies the operator without
 * libstdc++. */
#include "exercise.h"

#include <dlfcn.h>

int main(void) {
    MUST(dlopen("libstdc++.so.6", RTLD_NOW | RTLD_NOLOAD) == NULL);
    void* (*new_block)(size_t) = NULL;
    void (*delete_block)(void*) = NULL;
    void* found = dlsym(RTLD_DEFAULT, "_Znwm");
    MUST(found != NULL);
    memcpy(&new_block, &found, sizeof new_block);
    found = dlsym(RTLD_DEFAULT, "_ZdlPv");
    MUST(found != NULL);
    memcpy(&delete_block, &found, sizeof delete_block);
    for (size_t size = 0; size < 100000; size += 1 + size / 10) {
        unsigned char* const block = new_block(size);
        MUST(block != NULL);
        memset(block, 1, size);
        delete_block(block);
    }
    return 0;
}
