// SPDX-License-Identifier: MIT
//
// The members of the malloc family that only check or round their arguments before they request a block. Both
// products use them. `Source` provides the blocks. Results and errno are as documented in ashlar.h.
#pragma once

#include "guard/guard.h"
#include "os/page_memory.h"

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace ashlar::entry {

inline void* fail(int error) {
    errno = error;
    return nullptr;
}

struct Heap {
    static void* allocate_aligned(std::size_t alignment, std::size_t size) {
        return guard::allocate_aligned(alignment, size);
    }
    static void* resize(void* block, std::size_t size) { return guard::resize(block, size); }
};

template <typename Source = Heap>
void* resize_array(void* block, std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) return fail(ENOMEM);
    return Source::resize(block, bytes);
}

template <typename Source = Heap>
void* allocate_aligned(std::size_t alignment, std::size_t size) {
    return std::has_single_bit(alignment) ? Source::allocate_aligned(alignment, size) : fail(EINVAL);
}

template <typename Source = Heap>
void* allocate_rounding_alignment(std::size_t alignment, std::size_t size) {
    if (alignment > SIZE_MAX / 2 + 1) return fail(EINVAL);
    return Source::allocate_aligned(std::bit_ceil(alignment), size);
}

template <typename Source = Heap>
int allocate_posix(void** block, std::size_t alignment, std::size_t size) {
    if (!std::has_single_bit(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
    void* const taken = Source::allocate_aligned(alignment, size);
    if (taken == nullptr) return ENOMEM;
    *block = taken;
    return 0;
}

template <typename Source = Heap>
void* allocate_pages(std::size_t size) {
    return Source::allocate_aligned(os::page_size(), size);
}

template <typename Source = Heap>
void* allocate_whole_pages(std::size_t size) {
    const std::size_t page = os::page_size();
    if (size > SIZE_MAX - page) return fail(ENOMEM);
    return Source::allocate_aligned(page, size == 0 ? page : (size + page - 1) / page * page);
}

} // namespace ashlar::entry
