// SPDX-License-Identifier: MIT
#include "os/page_locks.h"

#include "os/page_size.h"
#include "os/system_call.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace ashlar::os {

namespace {

constinit std::atomic<bool> found_left{false};

// Lies beside the code, in a mapping that only mlockall() locks. (Volatile data lies with the variables.)
[[gnu::used]] constexpr char kWitness[64] = {1};

#ifndef MADV_DONTNEED_LOCKED
constexpr int MADV_DONTNEED_LOCKED = 24; // since Linux 5.18
#endif

// Returns whether the page is locked: the kernel then refuses to drop its contents.
bool refuses_to_drop(std::uintptr_t page) {
    return system_call(SYS_madvise, page, page_size(), MADV_DONTNEED) == -EINVAL;
}

// Returns whether mlockall(MCL_CURRENT) was called after this library was mapped.
bool old_mappings_are_locked() {
    const auto address = reinterpret_cast<std::uintptr_t>(&kWitness);
    const std::size_t page = page_size();
    return any_locked(reinterpret_cast<const void*>(address - address % page), page);
}

} // namespace

bool new_mappings_are_locked() {
    const std::size_t page = page_size();
    const long start = system_call(SYS_mmap, nullptr, page, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (failed(start)) return start == -EAGAIN; // the limit on locked memory is reached
    const bool locked = refuses_to_drop(static_cast<std::uintptr_t>(start));
    system_call(SYS_munmap, start, page);
    return locked;
}

bool locks_are_wanted() {
    return old_mappings_are_locked() || new_mappings_are_locked();
}

// For pages without a file, this call has no other effect.
bool any_locked(const void* start, std::size_t size) {
    return system_call(SYS_msync, start, size, MS_ASYNC | MS_INVALIDATE) == -EBUSY;
}

bool unlock(void* start, std::size_t size) {
    if (locks_are_wanted()) return false;
    found_left.store(true, std::memory_order_relaxed);
    return system_call(SYS_munlock, start, size) == 0;
}

bool locks_are_left() {
    return found_left.load(std::memory_order_relaxed);
}

// munlock() fails where it would need another mapping. Then at least the memory is returned.
bool purge_locked(void* start, std::size_t size) {
    if (locks_are_wanted()) return false;
    found_left.store(true, std::memory_order_relaxed);
    const bool unlocked = system_call(SYS_munlock, start, size) == 0;
    return system_call(SYS_madvise, start, size, unlocked ? MADV_DONTNEED : MADV_DONTNEED_LOCKED) == 0;
}

} // namespace ashlar::os
