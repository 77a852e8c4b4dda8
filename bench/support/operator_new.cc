// SPDX-License-Identifier: MIT
// Puts C++ containers on the functions of support/allocator.h, in programs with prefixed functions. In all
// other programs the C++ library's operator new calls malloc.
#include "support/allocator.h"

#include <new>

void* operator new(std::size_t size) {
    void* const block = bench::allocate(size);
    if (block == nullptr) {
        throw std::bad_alloc();
    }
    return block;
}

void operator delete(void* block) noexcept {
    bench::release(block);
}

void operator delete(void* block, std::size_t /*size*/) noexcept {
    bench::release(block);
}
