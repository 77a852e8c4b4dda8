// SPDX-License-Identifier: MIT
#include "os/mutex.h"

#include "os/message.h"

#include <cerrno>
#include <climits>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ashlar::os {

constinit thread_local unsigned locks_held = 0;
constinit thread_local bool holds_all_locks = false;

namespace {

// Long enough for a holder on another core to finish a short section, short enough not to matter when the
// holder has been descheduled.
constexpr int kSpins = 64;

void pause_core() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

constinit thread_local std::uint8_t ranks_held = 0;
constinit thread_local bool rank_check_suspended = false;

} // namespace

void MutexBase::wait() {
    for (int spin = 0; spin < kSpins; ++spin) {
        pause_core();
        if (state_.load(std::memory_order_relaxed) == kFree && try_acquire()) return;
    }
    const int saved = errno;
    while (state_.exchange(kContended, std::memory_order_acquire) != kFree) {
        ::syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, kContended, nullptr, nullptr, 0);
    }
    errno = saved;
}

void MutexBase::wake() {
    const int saved = errno;
    ::syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    errno = saved;
}

void note_rank_locked(Rank rank) {
    if (rank_check_suspended) return;
    const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(rank));
    if (ranks_held >= bit) {
        fatal(Message().text("locks taken out of order: rank ").number(static_cast<unsigned>(rank)));
    }
    ranks_held = static_cast<std::uint8_t>(ranks_held | bit);
}

void note_rank_unlocked(Rank rank) {
    if (rank_check_suspended) return;
    ranks_held = static_cast<std::uint8_t>(ranks_held & ~(1U << static_cast<unsigned>(rank)));
}

void suspend_rank_check(bool suspended) {
    rank_check_suspended = suspended;
}

} // namespace ashlar::os
