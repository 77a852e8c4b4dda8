// SPDX-License-Identifier: MIT
// Implements ashlar/locks.h. The releasing thread may differ from the acquiring one, and a lock may have
// several holders. Hence every count is atomic.
#include "locks/wrappers.h"

#include <ashlar/locks.h>

#include <algorithm>
#include <cstring>

using namespace ashlar::locks; // NOLINT(google-build-using-namespace): nothing includes this file

namespace {

LockRow* row_for(Thread& thread, const void* lock, std::uintptr_t site) {
    introduce(thread);
    return recording.find_or_add(lock, LockKind::kAnnotated, site, thread.number);
}

void end_wait(LockRow& row, const ashlar_lock_wait& wait, bool got) {
    const std::uint64_t now = nanoseconds();
    const bool others = __atomic_fetch_sub(&row.waiting, 1, __ATOMIC_RELAXED) > 1;
    if (got) __atomic_store_n(&row.blocked_since, others ? now : 0, __ATOMIC_RELAXED);
    count_wait(row, {.since = wait.since,
                     .now = now,
                     .stack = {wait.stack, wait.stack != 0 ? 1U : 0U},
                     .thread = wait.thread,
                     .got = got});
}

} // namespace

// Takes a stack for each wait, because annotated waits are rare beside waits of threads.
ashlar_lock_wait ashlar_locks_wait_begins(const void* lock) {
    if (!is_recording()) return {0, 0, 0};
    Thread& thread = this_thread;
    const Inside inside(thread);
    LockRow* const row = inside ? row_for(thread, lock, ASHLAR_CALLER) : nullptr;
    if (row == nullptr) return {0, 0, 0};
    const std::uint32_t stack = recording.stack();
    const std::uint64_t now = nanoseconds();
    if (__atomic_fetch_add(&row->waiting, 1, __ATOMIC_RELAXED) == 0)
        __atomic_store_n(&row->blocked_since, now, __ATOMIC_RELAXED);
    return {now, stack, thread.number};
}

void ashlar_locks_acquired(const void* lock, ashlar_lock_wait wait) {
    if (!is_recording()) return;
    Thread& thread = this_thread;
    const Inside inside(thread);
    LockRow* const row = inside ? row_for(thread, lock, ASHLAR_CALLER) : nullptr;
    if (row == nullptr) return;
    if (wait.since != 0) end_wait(*row, wait, true);
    __atomic_fetch_add(&row->acquisitions, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&row->site, ASHLAR_CALLER, __ATOMIC_RELAXED);
    __atomic_store_n(&row->holder, thread.number, __ATOMIC_RELAXED);
}

void ashlar_locks_wait_abandoned(const void* lock, ashlar_lock_wait wait) {
    if (!is_recording() || wait.since == 0) return;
    Thread& thread = this_thread;
    const Inside inside(thread);
    LockRow* const row = inside ? row_for(thread, lock, ASHLAR_CALLER) : nullptr;
    if (row != nullptr) end_wait(*row, wait, false);
}

void ashlar_locks_released(const void* lock) {
    if (!is_recording()) return;
    LockRow* row = nullptr;
    {
        Thread& thread = this_thread;
        const Inside inside(thread);
        row = inside ? row_for(thread, lock, ASHLAR_CALLER) : nullptr;
    }
    if (row == nullptr) return;
    __atomic_fetch_add(&row->releases, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&row->waiting, __ATOMIC_RELAXED) != 0) released({row, 0, 0, false});
}

void ashlar_locks_name(const void* lock, const char* name) {
    if (!is_recording()) return;
    Thread& thread = this_thread;
    const Inside inside(thread);
    LockRow* const row = inside ? row_for(thread, lock, ASHLAR_CALLER) : nullptr;
    if (row == nullptr) return;
    const std::size_t length = std::min(std::strlen(name), row->name.size() - 1);
    std::memcpy(row->name.data(), name, length);
}
