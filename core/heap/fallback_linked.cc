// SPDX-License-Identifier: MIT
//
// Each function may allocate, or take a lock of a program's malloc that does.
#include "heap/fallback.h"
#include "os/mutex.h"

#include <cstdlib>
#include <malloc.h>

namespace ashlar::heap::fallback {

bool behind_malloc() {
    return false;
}
void prepare() {}

// Requests at least 1 byte. The thread sanitizer reports a usable size of 1 for blocks of 0 bytes, and then
// reports a copy of that byte.
void* allocate(std::size_t size) {
    os::expect_no_lock("the program's malloc");
    return std::malloc(size != 0 ? size : 1);
}
void* allocate_zeroed(std::size_t count, std::size_t size) {
    os::expect_no_lock("the program's calloc");
    return std::calloc(count, size);
}
void* allocate_aligned(std::size_t alignment, std::size_t size) {
    os::expect_no_lock("the program's memalign");
    return ::memalign(alignment, size);
}
void* resize(void* block, std::size_t size) {
    os::expect_no_lock("the program's realloc");
    return std::realloc(block, size);
}
void release(void* block) {
    os::expect_no_lock("the program's free");
    std::free(block);
}
std::size_t usable_size(void* block) {
    return ::malloc_usable_size(block);
}

bool is_c_library() {
    return false;
}

std::string_view objection_to(const void* /*address*/) {
    return {};
}

bool trim(std::size_t keep) {
    os::expect_no_lock("the program's malloc_trim");
    return ::malloc_trim(keep) != 0;
}

std::size_t allocated_bytes() {
    os::expect_no_lock("the program's mallinfo2");
    const struct mallinfo2 info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

} // namespace ashlar::heap::fallback
