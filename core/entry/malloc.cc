// SPDX-License-Identifier: MIT
//
// malloc and its family for the whole process. The preload library exports them, unversioned.
#include "entry/family.h"
#include "entry/planted.h"
#include "entry/program_malloc.h"
#include "guard/guard.h"

#include <cstdlib>
#include <malloc.h>

using namespace ashlar; // NOLINT(google-build-using-namespace): this file is names, nothing else
using entry::ProgramOrHeap;

#pragma GCC visibility push(default)
extern "C" {

// Both begin on a cache line. At other addresses they take up to 10 % more time.
[[gnu::aligned(64)]] void* malloc(std::size_t size) noexcept {
    entry::planted();
    return guard::allocate(size);
}
[[gnu::aligned(64)]] void free(void* block) noexcept {
    guard::release(block);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
    return ProgramOrHeap::allocate_zeroed(count, size);
}
void* realloc(void* block, std::size_t size) noexcept {
    return ProgramOrHeap::resize(block, size);
}
void* reallocarray(void* block, std::size_t count, std::size_t size) noexcept {
    return entry::resize_array<ProgramOrHeap>(block, count, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return entry::allocate_aligned<ProgramOrHeap>(alignment, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
    return entry::allocate_rounding_alignment<ProgramOrHeap>(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
    return entry::allocate_posix<ProgramOrHeap>(block, alignment, size);
}
void* valloc(std::size_t size) noexcept {
    return entry::allocate_pages<ProgramOrHeap>(size);
}
void* pvalloc(std::size_t size) noexcept {
    return entry::allocate_whole_pages<ProgramOrHeap>(size);
}

std::size_t malloc_usable_size(void* block) noexcept {
    return ProgramOrHeap::usable_size(block);
}

void cfree(void* block) noexcept {
    ProgramOrHeap::release(block);
}
void free_sized(void* block, std::size_t size) noexcept {
    ProgramOrHeap::release(block, {.size = size});
}
void free_aligned_sized(void* block, std::size_t alignment, std::size_t size) noexcept {
    ProgramOrHeap::release(block, {.size = size, .alignment = alignment});
}

// glibc's own names. They use this heap even if the program has its own malloc. All of them are defined: a
// program that mixes both sets must not get two heaps.
void* heap_calloc(std::size_t count, std::size_t size) noexcept asm("__libc_calloc");
void* heap_calloc(std::size_t count, std::size_t size) noexcept {
    return guard::allocate_zeroed(count, size);
}
void* heap_realloc(void* block, std::size_t size) noexcept asm("__libc_realloc");
void* heap_realloc(void* block, std::size_t size) noexcept {
    return guard::resize(block, size);
}
void* heap_memalign(std::size_t alignment, std::size_t size) noexcept asm("__libc_memalign");
void* heap_memalign(std::size_t alignment, std::size_t size) noexcept {
    return entry::allocate_rounding_alignment(alignment, size);
}
void* heap_valloc(std::size_t size) noexcept asm("__libc_valloc");
void* heap_valloc(std::size_t size) noexcept {
    return entry::allocate_pages(size);
}
void* heap_pvalloc(std::size_t size) noexcept asm("__libc_pvalloc");
void* heap_pvalloc(std::size_t size) noexcept {
    return entry::allocate_whole_pages(size);
}
int heap_posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept
    asm("__posix_memalign");
int heap_posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
    return entry::allocate_posix(block, alignment, size);
}

} // extern "C"
#pragma GCC visibility pop

// program_malloc.cc uses the last name.
asm(".globl __libc_malloc\n .set __libc_malloc, malloc\n"
    ".globl __libc_free\n .set __libc_free, free\n"
    ".globl ashlar_own_malloc\n .hidden ashlar_own_malloc\n .set ashlar_own_malloc, malloc\n");
