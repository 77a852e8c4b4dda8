/* SPDX-License-Identifier: MIT */
/* A library that allocates by a constant pointer to malloc, and calls malloc by nothing else. */
#include <stddef.h>
#include <stdlib.h>

void* make_block(void);

extern void* (*const make)(size_t);
void* (*const make)(size_t) = malloc;

void* make_block(void) {
    /* Read at run time: the compiler knows the value, and would call malloc. */
    void* (*const volatile* const place)(size_t) = &make;
    return (*place)(100);
}
