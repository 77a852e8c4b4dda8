/* SPDX-License-Identifier: MIT */
/* Opens and closes a library several times. The library's constructor does the work. */
#include "exercise.h"

#include <dlfcn.h>

int main(int count, char** arguments) {
    MUST(count == 2);
    for (int i = 0; i < 10; ++i) {
        void* const library = dlopen(arguments[1], RTLD_NOW);
        if (library == NULL) dprintf(STDERR_FILENO, "%s\n", dlerror());
        MUST(library != NULL);
        exercise(10000);
        MUST(dlclose(library) == 0);
        exercise(10000);
    }
    return 0;
}
