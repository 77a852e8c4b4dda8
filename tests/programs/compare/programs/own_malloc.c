// SPDX-License-Identifier: MIT
// A program that defines malloc itself, so a preloaded malloc is not used.
#include <stddef.h>

static char memory[1 << 20];
static size_t used;

void* malloc(size_t size) {
    void* const block = memory + used;
    used += (size + 15) / 16 * 16;
    return used <= sizeof memory ? block : NULL;
}

void free(void* block) {
    (void)block;
}

int main(void) {
    void* volatile block = malloc(100);
    return block == NULL;
}
