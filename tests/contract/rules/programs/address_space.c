/* SPDX-License-Identifier: MIT */
/*
 * address_space <bytes>: holds `bytes` bytes in blocks of 1 MiB and of 100 bytes. Prints the address space
 * of the process, in bytes.
 */
#include "common/must.h"

#include <stdlib.h>
#include <string.h>

static unsigned long status_bytes(const char* name) {
    FILE* const status = fopen("/proc/self/status", "re");
    char line[256];
    unsigned long kib = 0;
    MUST(status != NULL);
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, name, strlen(name)) == 0) kib = strtoul(line + strlen(name) + 1, NULL, 10);
    fclose(status);
    MUST(kib != 0);
    return kib * 1024;
}

int main(int count, char** arguments) {
    enum { kLarge = 1 << 20, kSmall = 100, kMany = 1000 };
    MUST(count == 2);
    const unsigned long wanted = strtoul(arguments[1], NULL, 10);
    for (int i = 0; i < kMany; ++i)
        MUST(opaque_pointer(malloc(kSmall)) != NULL);
    for (unsigned long held = 0; held < wanted; held += kLarge)
        MUST(opaque_pointer(malloc(kLarge)) != NULL);
    printf("%lu\n", status_bytes("VmSize"));
    return 0;
}
