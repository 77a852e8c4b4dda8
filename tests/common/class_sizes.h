// SPDX-License-Identifier: MIT
//
// Sizes that reach every size class of every allocator.
#pragma once

#include <bit>
#include <cstddef>

namespace common {

// Calls visit(size) for every multiple of 16 to 128, then eight steps to each doubling, up to `most`.
template <typename Visit>
void for_each_class_size(std::size_t most, Visit visit) {
    for (std::size_t size = 16; size <= most; size += size < 128 ? 16 : std::bit_floor(size) / 8)
        visit(size);
}

} // namespace common
