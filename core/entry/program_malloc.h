// SPDX-License-Identifier: MIT
//
// The malloc of a program, or of a library in front of this one, that lacks some names of the family. A block
// requested by a missing name is released by the program's free. So the missing names use the program's
// functions. `operator new` is one of them, because the C++ library's own calls malloc.
// The choice is made once, at start, by the owner of the name "malloc" in the process. The program's malloc
// may call this one, as a wrapper does. So malloc, free and the __libc_ names always use the heap.
#pragma once

#include "guard/guard.h"

#include <cstddef>

namespace ashlar::entry {

struct ProgramMalloc {
    bool present;

    // Null if the program lacks the function.
    void* (*malloc)(std::size_t);
    void* (*calloc)(std::size_t, std::size_t);
    void* (*realloc)(void*, std::size_t);
    void (*free)(void*);
    void* (*memalign)(std::size_t, std::size_t);
    void* (*aligned_alloc)(std::size_t, std::size_t);
    int (*posix_memalign)(void**, std::size_t, std::size_t);
    std::size_t (*malloc_usable_size)(void*);

    // Results and errno are those of the heap. Requests that these functions cannot serve fail with ENOMEM.
    void* allocate(std::size_t size) const;
    void* allocate_zeroed(std::size_t count, std::size_t size) const;
    void* allocate_aligned(std::size_t alignment, std::size_t size) const;
    void* resize(void* block, std::size_t size) const;
    void release(void* block) const;
    std::size_t usable_size(void* block) const;
};
[[gnu::visibility("hidden")]] extern constinit ProgramMalloc program_malloc;

// The program's malloc if there is one, or the heap. For all names but malloc and free.
struct ProgramOrHeap {
    [[gnu::always_inline]] static void* allocate(std::size_t size, guard::Form form) {
        return program_malloc.present ? program_malloc.allocate(size) : guard::allocate(size, form);
    }
    // If allocate_fast() returns null, the caller must call allocate_slow().
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
