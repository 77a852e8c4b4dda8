/* SPDX-License-Identifier: MIT */
/* shrink_without_memory <size>, to be run under a limit: realloc to a smaller size succeeds without
 * memory, and keeps errno. */
#include "exercise.h"
#include "hoard.h"

int main(int count, char** arguments) {
    enum { kAfter = 104 };
    MUST(count == 2);
    const size_t before = strtoul(arguments[1], NULL, 10);
    unsigned char* block = malloc(before);
    MUST(block != NULL);
    memset(block, 0x3C, before);
    struct hoard large = {NULL, 0, 0};
    hoard_until_refused(&large, 4000);
    struct hoard small = {NULL, 0, 0};
    hoard_until_refused(&small, kAfter);
    errno = 0;
    block = realloc(block, kAfter);
    MUST(block != NULL && errno == 0);
    MUST(all_bytes_are(block, kAfter, 0x3C));
    hoard_free(&small, 1);
    hoard_free(&large, 1);
    free(block);
    return 0;
}
