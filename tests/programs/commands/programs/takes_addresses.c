/* SPDX-License-Identifier: MIT */
/* A library that allocates through a constant pointer to malloc, and makes no direct call to malloc. */
#include <stddef.h>
#include <stdlib.h>

void* make_block(void);

extern void* (*const make)(size_t);
void* (*const make)(size_t) = malloc;

void* make_block(void) {
    /* Read at run time. Otherwise the compiler knows the value and calls malloc directly. */
    void* (*const volatile* const place)(size_t) = &make;
    return (*place)(100);
}
