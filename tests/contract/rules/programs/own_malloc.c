/* SPDX-License-Identifier: MIT */
/* A program with its own malloc. Blocks that the C library allocates for it (strdup, getline, asprintf,
 * ...) must come from that malloc, because the program's free takes them. An allocator that exports strdup
 * would break this. */
#include "common/must.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { kArena = 1 << 20 };
static _Alignas(16) unsigned char arena[kArena];
static size_t used;

static int is_ours(const void* block) {
    return (const unsigned char*)block >= arena && (const unsigned char*)block < arena + kArena;
}

void* malloc(size_t size) {
    const size_t start = used + 16;
    MUST(size < kArena - start);
    used = start + (size + 15) / 16 * 16;
    memcpy(arena + start - 16, &size, sizeof size);
    return arena + start;
}
void free(void* block) {
    MUST(block == NULL || is_ours(block));
}
void* calloc(size_t count, size_t size) {
    return memset(malloc(count * size), 0, count * size);
}
void* realloc(void* block, size_t size) {
    void* const result = malloc(size);
    if (block == NULL) return result;
    MUST(is_ours(block));
    size_t old;
    memcpy(&old, (unsigned char*)block - 16, sizeof old);
    return memcpy(result, block, old < size ? old : size);
}

int main(void) {
    char* texts[8] = {0};
    texts[0] = strdup("a text of some length");
    texts[1] = strndup("a text of some length", 6);
    texts[2] = realpath("/proc/self/..", NULL);
    texts[3] = getcwd(NULL, 0);
    MUST(asprintf(&texts[4], "%d bottles", 99) > 0);
    FILE* const stream = fopen("/proc/self/status", "r");
    MUST(stream != NULL);
    size_t length = 0;
    MUST(getline(&texts[5], &length, stream) > 0);
    MUST(fclose(stream) == 0);
    for (int i = 0; i < 6; ++i) {
        MUST(texts[i] != NULL);
        MUST(is_ours(texts[i]));
        free(texts[i]);
    }
    MUST(strcmp(texts[0], "a text of some length") == 0);
    MUST(strcmp(texts[1], "a text") == 0);
    return 0;
}
