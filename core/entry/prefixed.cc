// SPDX-License-Identifier: MIT
//
// The public interface of ashlar.h: the family under names of its own, and steering.
#include "entry/family.h"
#include "entry/lifecycle.h"
#include "guard/guard.h"
#include "observe/statistics.h"
#include "os/config.h"

#include <ashlar/ashlar.h>

#include <cerrno>

using namespace ashlar; // NOLINT(google-build-using-namespace): this file is names, nothing else

namespace {
[[gnu::used]] const char* const kLifecycle = &entry::kLifecycleLinked;
}

extern "C" {

void* ashlar_malloc(size_t size) {
    return guard::allocate(size);
}
void ashlar_free(void* block) {
    guard::release(block);
}
void* ashlar_calloc(size_t count, size_t size) {
    return guard::allocate_zeroed(count, size);
}
void* ashlar_realloc(void* block, size_t size) {
    return guard::resize(block, size);
}
void* ashlar_reallocarray(void* block, size_t count, size_t size) {
    return entry::resize_array(block, count, size);
}
void* ashlar_aligned_alloc(size_t alignment, size_t size) {
    return entry::allocate_aligned(alignment, size);
}
void* ashlar_memalign(size_t alignment, size_t size) {
    return entry::allocate_rounding_alignment(alignment, size);
}
int ashlar_posix_memalign(void** block, size_t alignment, size_t size) {
    return entry::allocate_posix(block, alignment, size);
}
void* ashlar_valloc(size_t size) {
    return entry::allocate_pages(size);
}
void* ashlar_pvalloc(size_t size) {
    return entry::allocate_whole_pages(size);
}
size_t ashlar_malloc_usable_size(const void* block) {
    return guard::usable_size(const_cast<void*>(block));
}
void ashlar_free_sized(void* block, size_t size) {
    guard::release(block, {.size = size});
}
void ashlar_free_aligned_sized(void* block, size_t alignment, size_t size) {
    guard::release(block, {.size = size, .alignment = alignment});
}

int ashlar_malloc_trim(size_t keep) {
    return guard::trim(keep) ? 1 : 0;
}

int ashlar_control(const char* setting) {
    if (setting == nullptr) return EINVAL;
    switch (os::change_setting(setting)) {
    case os::SetResult::kDone:
        return 0;
    case os::SetResult::kOnlyAtStart:
        return EPERM;
    case os::SetResult::kOnlyHardened:
        return ENOTSUP;
    case os::SetResult::kUnknownKey:
    case os::SetResult::kBadValue:
        break;
    }
    return EINVAL;
}

int ashlar_get_statistics(struct ashlar_statistics* out, size_t size) {
    if (out == nullptr || size != sizeof(*out)) return EINVAL;
    *out = observe::gather();
    return 0;
}

int ashlar_owns(const void* address) {
    return layout::window.contains(address) ? 1 : 0;
}

const char* ashlar_version(void) {
    return ASHLAR_VERSION;
}

} // extern "C"
