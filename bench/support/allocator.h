// SPDX-License-Identifier: MIT
// The functions under test. Programs call plain malloc, realloc and free, so that LD_PRELOAD chooses the
// allocator. With BENCH_PREFIXED_ALLOCATOR they call a heap that is linked in under prefixed names, beside
// the system's. `trim` gives free memory back. Under allocators without malloc_trim the system's is called,
// which frees none of their memory.
#pragma once

#include <cstddef>

#ifdef BENCH_PREFIXED_ALLOCATOR
#include <ashlar/ashlar.h>
#else
#include <cstdlib>
#include <malloc.h>
#endif

namespace bench {

#ifdef BENCH_PREFIXED_ALLOCATOR
inline void* allocate(std::size_t size) {
    return ashlar_malloc(size);
}
inline void* reallocate(void* block, std::size_t size) {
    return ashlar_realloc(block, size);
}
inline void release(void* block) {
    ashlar_free(block);
}
inline void trim() {
    ashlar_malloc_trim(0);
}
#else
inline void* allocate(std::size_t size) {
    return std::malloc(size);
}
inline void* reallocate(void* block, std::size_t size) {
    return std::realloc(block, size);
}
inline void release(void* block) {
    std::free(block);
}
inline void trim() {
    malloc_trim(0);
}
#endif

} // namespace bench
