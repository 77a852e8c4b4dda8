/* SPDX-License-Identifier: MIT */
/* Linked at a fixed address. It takes the addresses of malloc and free, so both are stubs in this program.
 * The pointer in libtakes_addresses.so is set when that library is loaded, and is bound to a stub. */
#include <stddef.h>
#include <stdlib.h>

void* make_block(void);

int main(void) {
    void* (*volatile make)(size_t) = malloc; /* an address in the code, which no relocation changes */
    void (*volatile drop)(void*) = free;
    return make == NULL || drop == NULL || make_block() == NULL;
}
