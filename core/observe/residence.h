// SPDX-License-Identifier: MIT
//
// The heap's resident memory (RSS) by use. The kernel is asked superslab by superslab (mincore).
#pragma once

#include <cstddef>

namespace ashlar::observe {

struct Residence {
    bool known = true; // false: the kernel does not tell, and the figures mean nothing
    std::size_t slabs = 0;
    std::size_t large = 0; // large blocks, and runs that threads keep
    std::size_t free = 0;
    std::size_t metadata = 0;
};

// Thread-safe. Makes a system call for each 2 MiB of the heap. Concurrent changes may or may not be seen.
Residence measure_residence();

} // namespace ashlar::observe
