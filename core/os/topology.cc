// SPDX-License-Identifier: MIT
#include "os/topology.h"

#include <bit>
#include <cerrno>
#include <cstddef>
#include <sys/syscall.h>
#include <unistd.h>

namespace ashlar::os {

unsigned processors() {
    const int saved = errno;
    unsigned long mask[128] = {}; // 8192 processors
    const long bytes = ::syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
    errno = saved;
    if (bytes <= 0) return 1;
    int count = 0;
    for (std::size_t word = 0; word < static_cast<std::size_t>(bytes) / sizeof(mask[0]); ++word) {
        count += std::popcount(mask[word]);
    }
    return count > 0 ? static_cast<unsigned>(count) : 1;
}

} // namespace ashlar::os
