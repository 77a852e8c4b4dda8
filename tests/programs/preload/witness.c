/* SPDX-License-Identifier: MIT */
/*
 * Preloaded beside the allocator. Writes one line per process into the file that PRELOAD_WITNESS names.
 * The line has the program's name and whether malloc returned a block of Ashlar. So a test can check that
 * a program and its children really ran on the tested allocator. Keeps errno and all descriptors.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char* allocator(void) {
    int (*owns)(const void*) = NULL;
    void* const found = dlsym(RTLD_DEFAULT, "ashlar_owns");
    memcpy(&owns, &found, sizeof owns);
    void* const block = malloc(100);
    const char* const answer = owns != NULL && owns(block) == 1 ? "ashlar" : "another";
    free(block);
    return answer;
}

__attribute__((constructor)) static void testify(void) {
    const int errno_before = errno;
    const char* const path = getenv("PRELOAD_WITNESS");
    if (path != NULL) {
        char line[256];
        const int length = snprintf(line, sizeof line, "%s %s\n", program_invocation_short_name, allocator());
        const int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0) {
            if (length > 0 && write(file, line, (size_t)length) != length) abort();
            close(file);
        }
    }
    errno = errno_before;
}
