/* SPDX-License-Identifier: MIT */
/* Blocks of a library stay valid after it was closed. */
#include "exercise.h"

#include <dlfcn.h>

enum { kBlocks = 500 };

int main(int count, char** arguments) {
    MUST(count == 2);
    unsigned char* blocks[kBlocks];
    void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    MUST(library != NULL);
    void* (*make_block)(size_t) = NULL;
    void* const found = dlsym(library, "make_block");
    MUST(found != NULL);
    memcpy(&make_block, &found, sizeof make_block);
    for (size_t i = 0; i < kBlocks; ++i) {
        blocks[i] = make_block(1 + i * 100);
        MUST(blocks[i] != NULL);
    }
    MUST(dlclose(library) == 0);
    MUST(dlopen(arguments[1], RTLD_NOW | RTLD_NOLOAD) == NULL); /* the library is really unloaded */
    for (size_t i = 0; i < kBlocks; ++i) {
        MUST(all_bytes_are(blocks[i], 1 + i * 100, 0x29));
        free(blocks[i]);
    }
    exercise(100000);
    return 0;
}
