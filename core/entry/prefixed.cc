// SPDX-License-Identifier: MIT
//
// The public interface of ashlar.h: the malloc family under prefixed names, and control.
#include "entry/family.h"
#include "entry/lifecycle.h"
#include "guard/guard.h"
#include "observe/profiler.h"
#include "observe/statistics.h"
#include "observe/tables.h"
#include "os/config.h"
#include "os/edition.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

using namespace ashlar; // NOLINT(google-build-using-namespace): this file is names, nothing else

namespace {
[[gnu::used]] const char* const kLifecycle = &entry::kLifecycleLinked;

// Sizes of the structures in their first version, in bytes.
constexpr std::size_t kFirstStatistics = 96;
constexpr std::size_t kFirstClassStatistics = 72;

// Fills a structure of the caller's version. Its size is smaller or larger if that version is older or newer.
template <typename Statistics, typename Gather>
int fill(Statistics* out, std::size_t size, std::size_t least, Gather gather) {
    if (out == nullptr || size < least) return EINVAL;
    const Statistics gathered = gather();
    std::memset(out, 0, size);
    std::memcpy(out, &gathered, std::min(size, sizeof(gathered)));
    return 0;
}
} // namespace

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
    case os::SetResult::kNotHardened:
        return ENOTSUP;
    case os::SetResult::kUnknownKey:
    case os::SetResult::kBadValue:
        break;
    }
    return EINVAL;
}

int ashlar_get_statistics(struct ashlar_statistics* out, size_t size) {
    // Counting resident pages is slow, so callers of the older structure skip it.
    const bool knows = size > offsetof(ashlar_statistics, resident);
    return fill(out, size, kFirstStatistics,
                [knows] { return knows ? observe::gather_all() : observe::gather(); });
}

int ashlar_get_class_statistics(unsigned number, struct ashlar_class_statistics* out, size_t size) {
    if (number == 0 || number >= layout::kClasses) return EINVAL;
    return fill(out, size, kFirstClassStatistics, [number] { return observe::gather_class(number); });
}

int ashlar_get_lock_statistics(unsigned number, struct ashlar_lock_statistics* out, size_t size) {
    if (number == 0 || number > observe::kLockKinds) return EINVAL;
    return fill(out, size, sizeof(*out), [number] { return observe::gather_lock(number); });
}

const char* ashlar_get_lock_name(unsigned number) {
    return number == 0 || number > observe::kLockKinds ? nullptr : observe::lock_name(number);
}

int ashlar_profile_start(size_t rate, const char* place) {
    if (os::kHardened) return ENOTSUP;
    return observe::profiler::start(rate, place != nullptr ? place : "");
}
int ashlar_profile_pause(void) {
    return os::kHardened ? ENOTSUP : observe::profiler::pause();
}
int ashlar_profile_dump(void) {
    return os::kHardened ? ENOTSUP : observe::profiler::dump();
}
int ashlar_profile_stop(void) {
    return os::kHardened ? ENOTSUP : observe::profiler::stop();
}
int ashlar_profile_status(struct ashlar_profile_state* out, size_t size) {
    if (os::kHardened) return ENOTSUP;
    if (out == nullptr || size != sizeof(*out)) return EINVAL;
    const observe::profiler::Status status = observe::profiler::status();
    *out = {.recording = status.recording ? 1 : 0,
            .paused = status.paused ? 1 : 0,
            .full = status.full ? 1 : 0,
            .rate = status.rate,
            .samples = status.samples,
            .live = status.live,
            .allocated = status.allocated,
            .written = status.written,
            .path = status.path};
    return 0;
}

int ashlar_owns(const void* address) {
    return layout::window.contains(address) ? 1 : 0;
}

const char* ashlar_version(void) {
    return observe::kTables.library_version;
}

} // extern "C"
