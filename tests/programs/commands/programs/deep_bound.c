/* SPDX-License-Identifier: MIT */
/* Opens a library that prefers its own dependencies, and lets it allocate. */
#include <dlfcn.h>
#include <string.h>

int main(int count, char** arguments) {
    void* const library = count == 2 ? dlopen(arguments[1], RTLD_LAZY | RTLD_LOCAL | RTLD_DEEPBIND) : NULL;
    void* const found = library != NULL ? dlsym(library, "make_block") : NULL;
    if (found == NULL) return 1;
    void* (*make_block)(void) = NULL;
    memcpy(&make_block, &found, sizeof make_block);
    return make_block() == NULL;
}
