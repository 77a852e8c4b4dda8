// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <sys/auxv.h>

namespace ashlar::os {

// Returns the size of the system's pages in bytes.
inline std::size_t page_size() {
    return ::getauxval(AT_PAGESZ);
}

} // namespace ashlar::os
