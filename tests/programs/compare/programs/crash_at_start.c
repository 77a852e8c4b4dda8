// SPDX-License-Identifier: MIT
// A library that ends whatever it is preloaded for: an allocator that crashes before main.
#include <stdlib.h>

__attribute__((constructor)) static void crash(void) {
    abort();
}
