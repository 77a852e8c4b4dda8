// SPDX-License-Identifier: MIT
//
// Resident memory of this process, read without allocating.
#pragma once

#include "report.h"

#include <cstddef>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace common {

inline std::size_t resident_kib() {
    char text[128] = {};
    const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) fail("no /proc/self/statm");
    const ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    unsigned long pages = 0;
    if (length <= 0 || std::sscanf(text, "%*u %lu", &pages) != 1) fail("/proc/self/statm reads '%s'", text);
    return pages * (static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 1024);
}

// Fails if resident memory grows in the second half of a repeated load. Allowed are 10 % and 2 MiB of noise.
inline void require_flat(std::size_t half_kib, std::size_t end_kib) {
    if (end_kib > half_kib + half_kib / 10 + 2048) {
        fail("resident memory grows: %zu KiB at half time, %zu KiB at the end", half_kib, end_kib);
    }
}

} // namespace common
