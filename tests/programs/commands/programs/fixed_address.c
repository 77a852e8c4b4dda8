/* SPDX-License-Identifier: MIT */
/* Linked at a fixed address. It takes the addresses of malloc and free, so both are stubs in this program,
   and libtakes_addresses.so, whose pointer is set when it is loaded, is bound to a stub. */
#include <stddef.h>
#include <stdlib.h>

void* make_block(void);

int main(void) {
    void* (*volatile make)(size_t) = malloc; /* an address in the code, which nothing corrects at the start */
    void (*volatile drop)(void*) = free;
    return make == NULL || drop == NULL || make_block() == NULL;
}
