// SPDX-License-Identifier: MIT
//
// The allocator under stress. Each program is compiled twice. With the static library the prefixed names are
// Ashlar's heap. With plain names the program runs on any allocator, and on Ashlar by LD_PRELOAD.
// `--expect-ashlar` then checks the preload, and permits control, statistics and owns.
#pragma once

#include "report.h"

#include <ashlar/ashlar.h>

#include <cstddef>

#ifdef STRESS_PLAIN_NAMES
#include <cstdlib>
#include <dlfcn.h>
#include <malloc.h>
#endif

namespace common::heap {

#ifdef STRESS_PLAIN_NAMES
inline constexpr bool kPlainNames = true;
inline bool is_ashlar = false; // true after require_ashlar()

[[gnu::noinline]] inline void* allocate(std::size_t size) {
    return std::malloc(size);
}
[[gnu::noinline]] inline void* allocate_zeroed(std::size_t count, std::size_t size) {
    return std::calloc(count, size);
}
[[gnu::noinline]] inline void* resize(void* block, std::size_t size) {
    return std::realloc(block, size);
}
[[gnu::noinline]] inline void* resize_array(void* block, std::size_t count, std::size_t size) {
    return ::reallocarray(block, count, size);
}
[[gnu::noinline]] inline void* allocate_aligned(std::size_t alignment, std::size_t size) {
    return ::aligned_alloc(alignment, size);
}
[[gnu::noinline]] inline void* allocate_memalign(std::size_t alignment, std::size_t size) {
    return ::memalign(alignment, size);
}
[[gnu::noinline]] inline int allocate_posix(void** block, std::size_t alignment, std::size_t size) {
    return ::posix_memalign(block, alignment, size);
}
[[gnu::noinline]] inline void* allocate_page(std::size_t size) {
    return ::valloc(size);
}
[[gnu::noinline]] inline void* allocate_whole_pages(std::size_t size) {
    return ::pvalloc(size);
}
[[gnu::noinline]] inline void release(void* block) {
    std::free(block);
}
[[gnu::noinline]] inline std::size_t usable_size(void* block) {
    return ::malloc_usable_size(block);
}
[[gnu::noinline]] inline int trim(std::size_t keep) {
    return ::malloc_trim(keep);
}

// Returns the preloaded library's function `name`, or null.
template <typename Function>
Function* find(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

// These functions are looked up before threads start. The guard of a function-local static waits in a futex.
// The futex call sets the errno that the callers check.
inline auto* const free_sized = find<void(void*, std::size_t)>("free_sized");
inline auto* const free_aligned_sized = find<void(void*, std::size_t, std::size_t)>("free_aligned_sized");
inline auto* const ashlar_control = find<decltype(::ashlar_control)>("ashlar_control");
inline auto* const ashlar_owns = find<decltype(::ashlar_owns)>("ashlar_owns");
inline auto* const ashlar_get_statistics = find<decltype(::ashlar_get_statistics)>("ashlar_get_statistics");

// glibc 2.36 has no sized free functions. A preloaded allocator may have them.
[[gnu::noinline]] inline void release_sized(void* block, std::size_t size) {
    free_sized != nullptr ? free_sized(block, size) : std::free(block);
}
[[gnu::noinline]] inline void release_aligned_sized(void* block, std::size_t alignment, std::size_t size) {
    free_aligned_sized != nullptr ? free_aligned_sized(block, alignment, size) : std::free(block);
}

// Returns -1 if the allocator has no such function.
[[gnu::noinline]] inline int control(const char* setting) {
    return ashlar_control != nullptr ? ashlar_control(setting) : -1;
}
[[gnu::noinline]] inline bool owns(const void* address) {
    return ashlar_owns(address) != 0;
}
[[gnu::noinline]] inline ashlar_statistics statistics() {
    ashlar_statistics now{};
    if (ashlar_get_statistics(&now, sizeof now) != 0) fail("no statistics");
    return now;
}

[[gnu::noinline]] inline void require_ashlar() {
    if (ashlar_owns == nullptr) fail("Ashlar is not preloaded");
    void* block = allocate(100);
    if (!owns(block)) fail("malloc gives %p, which is not Ashlar's", block);
    release(block);
    is_ashlar = true;
}
#else
inline constexpr bool kPlainNames = false;
inline constexpr bool is_ashlar = true;

[[gnu::noinline]] inline void* allocate(std::size_t size) {
    return ashlar_malloc(size);
}
[[gnu::noinline]] inline void* allocate_zeroed(std::size_t count, std::size_t size) {
    return ashlar_calloc(count, size);
}
[[gnu::noinline]] inline void* resize(void* block, std::size_t size) {
    return ashlar_realloc(block, size);
}
[[gnu::noinline]] inline void* resize_array(void* block, std::size_t count, std::size_t size) {
    return ashlar_reallocarray(block, count, size);
}
[[gnu::noinline]] inline void* allocate_aligned(std::size_t alignment, std::size_t size) {
    return ashlar_aligned_alloc(alignment, size);
}
[[gnu::noinline]] inline void* allocate_memalign(std::size_t alignment, std::size_t size) {
    return ashlar_memalign(alignment, size);
}
[[gnu::noinline]] inline int allocate_posix(void** block, std::size_t alignment, std::size_t size) {
    return ashlar_posix_memalign(block, alignment, size);
}
[[gnu::noinline]] inline void* allocate_page(std::size_t size) {
    return ashlar_valloc(size);
}
[[gnu::noinline]] inline void* allocate_whole_pages(std::size_t size) {
    return ashlar_pvalloc(size);
}
[[gnu::noinline]] inline void release(void* block) {
    ashlar_free(block);
}
[[gnu::noinline]] inline void release_sized(void* block, std::size_t size) {
    ashlar_free_sized(block, size);
}
[[gnu::noinline]] inline void release_aligned_sized(void* block, std::size_t alignment, std::size_t size) {
    ashlar_free_aligned_sized(block, alignment, size);
}
[[gnu::noinline]] inline std::size_t usable_size(void* block) {
    return ashlar_malloc_usable_size(block);
}
[[gnu::noinline]] inline int trim(std::size_t keep) {
    return ashlar_malloc_trim(keep);
}
[[gnu::noinline]] inline int control(const char* setting) {
    return ashlar_control(setting);
}
[[gnu::noinline]] inline bool owns(const void* address) {
    return ashlar_owns(address) != 0;
}
[[gnu::noinline]] inline ashlar_statistics statistics() {
    ashlar_statistics now{};
    if (ashlar_get_statistics(&now, sizeof now) != 0) fail("no statistics");
    return now;
}
[[gnu::noinline]] inline void require_ashlar() {}
#endif

// Allocates a block, or ends the program if there is no memory.
[[gnu::noinline]] inline void* allocate_or_fail(std::size_t size) {
    void* block = allocate(size);
    if (block == nullptr) fail("no memory for %zu bytes", size);
    return block;
}

} // namespace common::heap
