// SPDX-License-Identifier: MIT
// A library that ends every program that preloads it, like an allocator that crashes before main.
#include <stdlib.h>

__attribute__((constructor)) static void crash(void) {
    abort();
}
