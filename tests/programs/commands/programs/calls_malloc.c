/* SPDX-License-Identifier: MIT */
/* Allocates. With an argument it then prints "ready" and waits for the end of its stdin. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int count, char** arguments) {
    (void)arguments;
    void* const block = malloc(100);
    free(block);
    if (count > 1) {
        puts("ready");
        fflush(stdout);
        char byte = 0;
        while (read(0, &byte, 1) > 0) {
        }
    }
    return block == NULL;
}
