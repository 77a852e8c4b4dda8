// SPDX-License-Identifier: MIT
//
// The heap's part of the resident memory of the process (RSS), by the use of the pages. The kernel is asked
// superslab by superslab (mincore).
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

// Thread-safe. Makes a system call for each 2 MiB of the heap. Memory that changes meanwhile may or may not
// be included.
Residence measure_residence();

} // namespace ashlar::observe
