// SPDX-License-Identifier: MIT
//
// No policy: the heap's functions.
#pragma once

#include "guard/form.h"
#include "guard/no_policy.h"
#include "heap/heap.h"

namespace ashlar::guard {

using heap::allocate_zeroed;
using heap::release;
using heap::resize;
using heap::trim;
using heap::usable_size;

[[gnu::always_inline]] inline void* allocate(std::size_t size, Form /*form*/ = Form::kMalloc) {
    return heap::allocate(size);
}
// If allocate_fast() returns null, the caller must call allocate_slow().
using heap::allocate_fast;
[[gnu::always_inline]] inline void* allocate_slow(std::size_t size, Form /*form*/) {
    return heap::allocate_slow(size);
}
[[gnu::always_inline]] inline void* allocate_aligned(std::size_t alignment, std::size_t size,
                                                     Form /*form*/ = Form::kMalloc) {
    return heap::allocate_aligned(alignment, size);
}
[[gnu::always_inline]] inline void release(void* block, const Claim& /*claim*/) {
    heap::release(block);
}

} // namespace ashlar::guard
