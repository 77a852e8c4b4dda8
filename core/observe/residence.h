// SPDX-License-Identifier: MIT
//
// What of the heap is in memory: its part of the resident memory of the process (RSS). The kernel is asked
// (mincore) superslab by superslab. The answer is told apart by what the pages are used for.
#pragma once

#include <cstddef>

namespace ashlar::observe {

struct Residence {
    bool known = true; // false: the kernel does not tell; the figures mean nothing
    std::size_t slabs = 0;
    std::size_t large = 0; // large blocks, and runs that threads keep
    std::size_t free = 0;
    std::size_t metadata = 0;
};

// Thread-safe. A system call for each 2 MiB of the heap; memory that comes and goes meanwhile counts or does
// not.
Residence measure_residence();

} // namespace ashlar::observe
