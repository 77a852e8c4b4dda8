/* SPDX-License-Identifier: MIT */
/* own_mappings <bytes>: a program that maps address space itself. The allocator must leave it enough. */
#include "exercise.h"

#include <sys/mman.h>

static void map(size_t bytes) {
    void* const mapping = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    MUST(mapping != MAP_FAILED);
    exercise(100000);
    MUST(munmap(mapping, bytes) == 0);
}

int main(int count, char** arguments) {
    MUST(count == 2);
    const size_t bytes = strtoul(arguments[1], NULL, 10);
    map(bytes);
    exercise(100000);
    map(bytes);
    return 0;
}
