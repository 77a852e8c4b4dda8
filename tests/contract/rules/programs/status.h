/* SPDX-License-Identifier: MIT */
/* A figure of /proc/self/status, read without allocating. */
#ifndef CONTRACT_PROGRAMS_STATUS_H
#define CONTRACT_PROGRAMS_STATUS_H

#include "common/must.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* `name` ends with a colon, such as "VmRSS:". */
static inline long status_kib(const char* name) {
    char text[8192];
    const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    MUST(file >= 0);
    const ssize_t length = read(file, text, sizeof text - 1);
    MUST(length > 0 && close(file) == 0);
    text[length] = '\0';
    const char* const line = strstr(text, name);
    MUST(line != NULL);
    return atol(line + strlen(name));
}

#endif
