// SPDX-License-Identifier: MIT
//
// The policy for builds that tools watch (os/marking.h). A block is as long as requested. At least a red zone
// behind it must not be touched. The heap marks whole blocks, and this policy knows their sizes. A release,
// resize or size query of an address that is no block in use is reported at once.
// Asking for the usable size makes the whole block usable, except the red zone.
#pragma once

#include "guard/form.h"
#include "guard/no_policy.h"
#include "heap/heap.h"

#include <algorithm>
#include <cstdint>

namespace ashlar::guard {

inline constexpr std::size_t kRedZone = layout::kAlignment;

namespace detail {

inline bool fits(std::size_t size) {
    return size <= PTRDIFF_MAX - kRedZone;
}

// Marks a new block for the tool. Blocks of the fallback are left alone.
inline void* dress(void* block, std::size_t size, bool zeroed = false) {
    if (block == nullptr || !layout::window.contains(block)) return block;
    // A block of 0 bytes shows 1, to differ from a free one.
    const std::size_t shown = std::max<std::size_t>(size, 1);
    os::mark_free(static_cast<char*>(block) + shown, heap::usable_size(block) - shown);
    os::mark_allocated(block, shown, zeroed);
    return block;
}

// Returns the length of the block. The tool ends the process if the block is free, the heap if there is none.
inline std::size_t whole(void* block) {
    os::report_if_free(block);
    return heap::usable_size(block);
}

} // namespace detail

inline void* allocate(std::size_t size, Form /*form*/ = Form::kMalloc) {
    return detail::dress(heap::allocate(detail::fits(size) ? size + kRedZone : size), size);
}

constexpr void* allocate_fast(std::size_t /*size*/) {
    return nullptr; // every request takes the slow path
}
inline void* allocate_slow(std::size_t size, Form form) {
    return allocate(size, form);
}

inline void* allocate_zeroed(std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || !detail::fits(bytes)) {
        return heap::allocate_zeroed(count, size);
    }
    return detail::dress(heap::allocate_zeroed(1, bytes + kRedZone), bytes, true);
}

inline void* allocate_aligned(std::size_t alignment, std::size_t size, Form /*form*/ = Form::kMalloc) {
    return detail::dress(heap::allocate_aligned(alignment, detail::fits(size) ? size + kRedZone : size),
                         size);
}

inline void release(void* block) {
    if (block != nullptr && layout::window.contains(block)) {
        os::mark_released(block);
        detail::whole(block);
    }
    heap::release(block);
}

inline void release(void* block, const Claim& /*claim*/) {
    release(block);
}

inline void* resize(void* block, std::size_t size) {
    if (block == nullptr) return allocate(size);
    if (size == 0) {
        release(block);
        return nullptr;
    }
    if (!detail::fits(size)) return heap::resize(block, size);
    if (!layout::window.contains(block)) {
        const std::size_t usable = heap::usable_size(block);
        // Without this, shrinking could fail.
        if (size <= usable && size + kRedZone > usable) return block;
        return detail::dress(heap::resize(block, size + kRedZone), size);
    }
    const std::size_t usable = detail::whole(block);
    os::mark_released(block);        // before another thread may get the block
    os::mark_written(block, usable); // the heap copies the whole block
    void* const resized = heap::resize(block, size + kRedZone);
    if (resized == nullptr) {
        os::mark_allocated(block, usable, true);
        return nullptr;
    }
    detail::dress(resized, size);
    if (layout::window.contains(resized)) os::mark_written(resized, std::min(size, usable - kRedZone));
    return resized;
}

inline std::size_t usable_size(void* block) {
    if (block == nullptr || !layout::window.contains(block)) return heap::usable_size(block);
    const std::size_t usable = detail::whole(block) - kRedZone;
    os::mark_written(block, usable);
    return usable;
}

using heap::trim;

} // namespace ashlar::guard
