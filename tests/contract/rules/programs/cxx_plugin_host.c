/* SPDX-License-Identifier: MIT */
/* A C program without libstdc++ that opens a C++ library (the argument), as interpreters do with
 * extensions. */
#include "exercise.h"

#include <dlfcn.h>

int main(int count, char** arguments) {
    MUST(count == 2);
    exercise(10000);
    void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) dprintf(STDERR_FILENO, "%s\n", dlerror());
    MUST(library != NULL);
    void (*run_plugin)(void) = NULL;
    void* const found = dlsym(library, "run_plugin");
    MUST(found != NULL);
    memcpy(&run_plugin, &found, sizeof run_plugin);
    run_plugin();
    MUST(dlclose(library) == 0);
    exercise(10000);
    return 0;
}
