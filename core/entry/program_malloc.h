// SPDX-License-Identifier: MIT
//
// The malloc of a program (or of a library in front of this one) that brings its own, but not all names of
// the family. Whoever asks for a block by a name that it lacks releases it by its free: so those names use
// its functions. `operator new` is such a name: the C++ library's own calls malloc.
//
// Decided once, when the library starts, by who answers to "malloc" in the whole process. That malloc may in
// turn call ours, as a wrapper does. So malloc and free themselves, and the names that begin with __libc_,
// always mean the heap.
#pragma once

#include "guard/guard.h"

#include <cstddef>

namespace ashlar::entry {

struct ProgramMalloc {
    bool present;

    // Null if it lacks the name.
    void* (*malloc)(std::size_t);
    void* (*calloc)(std::size_t, std::size_t);
    void* (*realloc)(void*, std::size_t);
    void (*free)(void*);
    void* (*memalign)(std::size_t, std::size_t);
    void* (*aligned_alloc)(std::size_t, std::size_t);
    int (*posix_memalign)(void**, std::size_t, std::size_t);
    std::size_t (*malloc_usable_size)(void*);

    // Results and errno are those of the heap. What cannot be had from its functions is refused with ENOMEM.
    void* allocate(std::size_t size) const;
    void* allocate_zeroed(std::size_t count, std::size_t size) const;
    void* allocate_aligned(std::size_t alignment, std::size_t size) const;
    void* resize(void* block, std::size_t size) const;
    void release(void* block) const;
    std::size_t usable_size(void* block) const;
};
[[gnu::visibility("hidden")]] extern constinit ProgramMalloc program_malloc;

// For all names but malloc and free: the program's malloc if it has one, or the heap.
struct ProgramOrHeap {
    [[gnu::always_inline]] static void* allocate(std::size_t size, guard::Form form) {
        return program_malloc.present ? program_malloc.allocate(size) : guard::allocate(size, form);
    }
    // In two parts: what the first returns null for is the second's.
    [[gnu::always_inline]] static void* allocate_fast(std::size_t size) {
        return program_malloc.present ? nullptr : guard::allocate_fast(size);
    }
    static void* allocate_slow(std::size_t size, guard::Form form) {
        return program_malloc.present ? program_malloc.allocate(size) : guard::allocate_slow(size, form);
    }
    static void* allocate_zeroed(std::size_t count, std::size_t size) {
        return program_malloc.present ? program_malloc.allocate_zeroed(count, size)
                                      : guard::allocate_zeroed(count, size);
    }
    static void* allocate_aligned(std::size_t alignment, std::size_t size,
                                  guard::Form form = guard::Form::kMalloc) {
        return program_malloc.present ? program_malloc.allocate_aligned(alignment, size)
                                      : guard::allocate_aligned(alignment, size, form);
    }
    static void* resize(void* block, std::size_t size) {
        return program_malloc.present ? program_malloc.resize(block, size) : guard::resize(block, size);
    }
    [[gnu::always_inline]] static void release(void* block, const guard::Claim& claim = {}) {
        if (program_malloc.present) [[unlikely]] {
            program_malloc.release(block);
        } else {
            guard::release(block, claim);
        }
    }
    static std::size_t usable_size(void* block) {
        return program_malloc.present ? program_malloc.usable_size(block) : guard::usable_size(block);
    }
};

} // namespace ashlar::entry
