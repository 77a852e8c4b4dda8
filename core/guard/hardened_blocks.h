// SPDX-License-Identifier: MIT
//
// What allocating, releasing and resizing in the hardened library have in common.
#pragma once

#include "guard/canary.h"
#include "guard/form.h"
#include "guard/large_blocks.h"
#include "layout/size_class.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>

namespace ashlar::guard {

// Longer requests are large blocks.
inline constexpr std::size_t kMostInClass = layout::kMaxClassSize - canary::kTrailer;

// The setting `checks:pointers`: blocks of the size classes are the heap's as they are, and the live map is
// all that is known about them. Written at start, when there is no second thread; blocks from before it are
// closed or wait, which does no harm.
extern constinit bool pointers_only;

inline void* out_of_memory() {
    errno = ENOMEM;
    return nullptr;
}

inline unsigned shift_of(std::size_t alignment) {
    return static_cast<unsigned>(std::countr_zero(std::max(alignment, layout::kAlignment)));
}

// What is known about a live block; reports any other address, and what was written behind the block.
canary::Facts examine_any(const void* block);

// While the heap is closed, of the fallback.
void* allocate_large(std::size_t size, unsigned alignment_shift, Form form, large_blocks::Contents contents);

} // namespace ashlar::guard
