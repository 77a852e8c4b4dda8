// SPDX-License-Identifier: MIT
#include "os/mutex.h"

#include "os/message.h"

#include <bit>
#include <cerrno>
#include <iterator>
#include <limits>
#include <linux/futex.h>
#include <string_view>
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

#ifndef NDEBUG

namespace {

constexpr std::string_view kNames[] = {"opening", "threads",    "shard pool", "bin",     "mixed slabs",
                                       "growth",  "superslabs", "quarantine", "metadata"};
static_assert(std::size(kNames) == static_cast<unsigned>(Rank::kMetadata) + 1);

using Ranks = std::uint16_t; // a bit each
static_assert(std::size(kNames) <= std::numeric_limits<Ranks>::digits);

constinit thread_local Ranks ranks_held = 0;
constinit thread_local bool rank_check_suspended = false;

Ranks bit_of(Rank rank) {
    return static_cast<Ranks>(1U << static_cast<unsigned>(rank));
}

void name(Message& message, unsigned rank) {
    message.text(kNames[rank]).text(" (rank ").number(rank).text(")");
}

void name_highest_held(Message& message) {
    name(message, static_cast<unsigned>(std::bit_width(ranks_held)) - 1);
}

} // namespace

void note_rank_locked(Rank rank) {
    if (rank_check_suspended) return;
    if (ranks_held >= bit_of(rank)) {
        Message message;
        name(message.text("locks taken out of order: "), static_cast<unsigned>(rank));
        name_highest_held(message.text(" under "));
        fatal(message);
    }
    ranks_held = static_cast<Ranks>(ranks_held | bit_of(rank));
}

void note_rank_unlocked(Rank rank) {
    if (rank_check_suspended) return;
    ranks_held = static_cast<Ranks>(ranks_held & ~bit_of(rank));
}

void suspend_rank_check(bool suspended) {
    rank_check_suspended = suspended;
}

void expect_no_lock(const char* what) {
    if (ranks_held == 0 || rank_check_suspended) return;
    Message message;
    name_highest_held(message.text(what).text(" under the lock "));
    fatal(message);
}

#endif

} // namespace ashlar::os
