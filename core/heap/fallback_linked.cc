// SPDX-License-Identifier: MIT
#include "heap/fallback.h"

#include <cstdlib>
#include <malloc.h>

namespace ashlar::heap::fallback {

bool behind_malloc() {
    return false;
}
void prepare() {}

void* allocate(std::size_t size) {
    return std::malloc(size);
}
void* allocate_zeroed(std::size_t count, std::size_t size) {
    return std::calloc(count, size);
}
void* allocate_aligned(std::size_t alignment, std::size_t size) {
    return ::memalign(alignment, size);
}
void* resize(void* block, std::size_t size) {
    return std::realloc(block, size);
}
void release(void* block) {
    std::free(block);
}
std::size_t usable_size(void* block) {
    return ::malloc_usable_size(block);
}

bool trim(std::size_t keep) {
    return ::malloc_trim(keep) != 0;
}

std::size_t allocated_bytes() {
    const struct mallinfo2 info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

} // namespace ashlar::heap::fallback
