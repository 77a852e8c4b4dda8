// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <sys/auxv.h>

namespace ashlar::os {

// Bytes of the system's pages.
inline std::size_t page_size() {
    return ::getauxval(AT_PAGESZ);
}

} // namespace ashlar::os
