/* SPDX-License-Identifier: MIT */
/* A library to preload in front of the allocator. It wraps dlsym, as overlays and tracers do. The C
 * library then searches behind this library, and the allocator is there. */
#include <dlfcn.h>
#include <string.h>

void* dlsym(void* restrict handle, const char* restrict name) {
    static void* (*next)(void*, const char*);
    if (next == NULL) {
        /* The oldest version of dlsym differs by processor. */
        static const char* const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
        void* found = NULL;
        for (unsigned i = 0; found == NULL && i < sizeof versions / sizeof *versions; ++i)
            found = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
        memcpy(&next, &found, sizeof found);
    }
    void* volatile found = next(handle, name); /* prevents a tail call: this library must be the caller */
    return found;
}
