/* SPDX-License-Identifier: MIT */
/* The first call comes from an IFUNC resolver, while this program's own relocations are incomplete. */
#include "exercise.h"

/* The resolver must not use anything of this program that needs a relocation. */
static unsigned char* early;
enum { kEarlySize = 3000 };

static int answer(void) {
    return 42;
}

typedef int Answer(void);
__attribute__((used)) static Answer* resolve(void) {
    early = malloc(kEarlySize);
    if (early != NULL) memset(early, 0x3C, kEarlySize);
    for (size_t size = 1; size < 5000; size += 100) {
        void* const block = calloc(1, size);
        free(opaque_pointer(block));
    }
    return answer;
}

int resolved(void) __attribute__((ifunc("resolve")));

int main(void) {
    MUST(resolved() == 42);
    MUST(early != NULL);
    exercise(100000);
    MUST(all_bytes_are(early, kEarlySize, 0x3C));
    free(early);
    return 0;
}
