// SPDX-License-Identifier: MIT
//
// The heap as it is.
#pragma once

#include "heap/heap.h"

namespace ashlar::guard {

using heap::allocate;
using heap::allocate_aligned;
using heap::allocate_zeroed;
using heap::release;
using heap::resize;
using heap::trim;
using heap::usable_size;

// With the size and alignment that the caller says the block was asked for with; 0 if it does not say.
[[gnu::always_inline]] inline void release_sized(void* block, std::size_t /*size*/,
                                                 std::size_t /*alignment*/ = 0) {
    heap::release(block);
}

} // namespace ashlar::guard
