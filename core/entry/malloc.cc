// SPDX-License-Identifier: MIT
//
// malloc and its family for the whole process: what the preload library exports, unversioned.
#include "entry/family.h"
#include "guard/guard.h"

#include <cstdlib>
#include <malloc.h>

using namespace ashlar; // NOLINT(google-build-using-namespace): this file is names, nothing else

#pragma GCC visibility push(default)
extern "C" {

void* malloc(std::size_t size) noexcept {
    return guard::allocate(size);
}
void free(void* block) noexcept {
    guard::release(block);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
    return guard::allocate_zeroed(count, size);
}
void* realloc(void* block, std::size_t size) noexcept {
    return guard::resize(block, size);
}
void* reallocarray(void* block, std::size_t count, std::size_t size) noexcept {
    return entry::resize_array(block, count, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return entry::allocate_aligned(alignment, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
    return entry::allocate_rounding_alignment(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
    return entry::allocate_posix(block, alignment, size);
}
void* valloc(std::size_t size) noexcept {
    return entry::allocate_pages(size);
}
void* pvalloc(std::size_t size) noexcept {
    return entry::allocate_whole_pages(size);
}

std::size_t malloc_usable_size(void* block) noexcept {
    return guard::usable_size(block);
}

void cfree(void* block) noexcept {
    guard::release(block);
}
void free_sized(void* block, std::size_t size) noexcept {
    guard::release(block, {.size = size});
}
void free_aligned_sized(void* block, std::size_t alignment, std::size_t size) noexcept {
    guard::release(block, {.size = size, .alignment = alignment});
}

} // extern "C"
#pragma GCC visibility pop

// glibc's own names for the same functions. All of them or none: a program that uses both sets must not end
// up with two heaps.
asm(".globl __libc_malloc\n .set __libc_malloc, malloc\n"
    ".globl __libc_free\n .set __libc_free, free\n"
    ".globl __libc_calloc\n .set __libc_calloc, calloc\n"
    ".globl __libc_realloc\n .set __libc_realloc, realloc\n"
    ".globl __libc_memalign\n .set __libc_memalign, memalign\n"
    ".globl __libc_valloc\n .set __libc_valloc, valloc\n"
    ".globl __libc_pvalloc\n .set __libc_pvalloc, pvalloc\n"
    ".globl __posix_memalign\n .set __posix_memalign, posix_memalign\n");
