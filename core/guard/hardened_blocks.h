// SPDX-License-Identifier: MIT
//
// Declarations that allocation, release and resize of the hardened library share.
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

// The longest request for a size class. Longer ones are large blocks.
inline constexpr std::size_t kMostInClass = layout::kMaxClassSize - canary::kTrailer;

// True with the setting `checks:pointers`. Blocks of the size classes are then plain blocks of the heap,
// known only to the live map. Written at start, before there is a second thread. Earlier blocks are closed or
// wait, which does no harm.
extern constinit bool pointers_only;

inline void* out_of_memory() {
    errno = ENOMEM;
    return nullptr;
}

inline unsigned shift_of(std::size_t alignment) {
    return static_cast<unsigned>(std::countr_zero(std::max(alignment, layout::kAlignment)));
}

// Returns the facts of a live block. Reports any other address, and writes behind the block.
canary::Facts examine_any(const void* block);

// Allocates a large block, or a block of the fallback while the heap is closed.
void* allocate_large(std::size_t size, unsigned alignment_shift, Form form, large_blocks::Contents contents);

} // namespace ashlar::guard
