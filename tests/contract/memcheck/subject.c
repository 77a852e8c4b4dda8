// SPDX-License-Identifier: MIT
// Uses the heap once, correctly or wrongly, as the first argument says; the second is the block's size. The
// block has no neighbour. Otherwise memcheck names either block for an address between two, depending on
// where they lie.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile char sink;

int main(int count, char** arguments) {
    if (count != 3) return 2;
    const char* const use = arguments[1];
    const size_t size = strtoul(arguments[2], NULL, 10);
    volatile char* block = malloc(size);
    if (strcmp(use, "unwritten") != 0) memset((void*)block, 1, size);
    if (strcmp(use, "right") == 0) {
        block = realloc((void*)block, 3 * size);
        if (block[size - 1] != 1) return 3;
        memset((void*)block, 2, 3 * size);
        block = realloc((void*)block, size);
        volatile char* const zeroed = calloc(size, 2);
        if (block[size - 1] + zeroed[2 * size - 1] != 2) return 3;
        free((void*)zeroed);
    } else if (strcmp(use, "read-freed") == 0) {
        free((void*)block);
        sink = block[size / 2];
        block = NULL;
    } else if (strcmp(use, "write-behind") == 0) {
        block[size] = 1;
    } else if (strcmp(use, "free-twice") == 0) {
        free((void*)block);
        free((void*)block);
        block = NULL;
    } else if (strcmp(use, "unwritten") == 0) {
        if (block[size / 2] == 7) puts("seven");
    } else if (strcmp(use, "lose") == 0) {
        block = NULL;
    } else {
        return 2;
    }
    free((void*)block);
    return 0;
}
