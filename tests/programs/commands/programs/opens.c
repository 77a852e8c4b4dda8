/* SPDX-License-Identifier: MIT */
/* Opens a library, and prints the error on failure. */
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char** arguments) {
    if (count == 2 && dlopen(arguments[1], RTLD_NOW) != NULL) return 0;
    fprintf(stderr, "%s\n", dlerror());
    return 1;
}
