// SPDX-License-Identifier: MIT
#include "os/mutex.h"

#include "os/clock.h"
#include "os/message.h"
#include "os/system_call.h"

#include <bit>
#include <cerrno>
#include <ctime>
#include <iterator>
#include <limits>
#include <linux/futex.h>
#include <string_view>
#include <sys/syscall.h>

namespace ashlar::os {

constinit thread_local unsigned forking = 0;
constinit thread_local ThreadWord numbered_thread = 0;
constinit LockCounts lock_counts[kRanks];

namespace {

constinit thread_local ThreadWord own_number = 0; // also set while locks are counted
constinit std::atomic<bool> counting{false};

// Pauses of 10 to 40 ns that a thread spins before it sleeps. Enough for a holder on another core to finish a
// short section, and little if the holder is not running.
constexpr unsigned kSpins = 64;
// The same for locks that are held for a batch of blocks, but never during a purge or growth. With 64,
// `batches 60000000 512 1 fifo 1600 2` slept 62 times, with 300 it sleeps 24 times (see docs/experiments.md).
constexpr unsigned kSpinsForBatch = 300;

constinit std::atomic<bool> one_processor{false};

unsigned spins_for(Rank rank) {
    if (one_processor.load(std::memory_order_relaxed)) return 0;
    return rank == Rank::kBin || rank == Rank::kMixed ? kSpinsForBatch : kSpins;
}

void pause_core() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

constexpr ThreadWord kOneThread = 4;
constinit std::atomic<ThreadWord> next_number{kOneThread};

constinit unsigned inherited = 0;
using Function = void();
constinit Function* inherited_ended = nullptr;

constexpr std::uint64_t kSecond = 1'000'000'000; // ns
constexpr std::uint64_t kNever = ~std::uint64_t{0};

std::uint64_t in_milliseconds(unsigned milliseconds) {
    return monotonic_time() + milliseconds * (kSecond / 1000);
}

// Sleeps until a wake-up, a signal or the moment `end`. Returns false if that has passed.
bool sleep_while(const void* word, std::uint32_t value, std::uint64_t end) {
    if (end == kNever) {
        system_call(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nullptr);
        return true;
    }
    const std::uint64_t time = monotonic_time();
    if (time >= end) return false;
    const timespec left{static_cast<time_t>((end - time) / kSecond),
                        static_cast<long>((end - time) % kSecond)};
    return system_call(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &left) != -ETIMEDOUT;
}

ThreadWord number_this_thread() {
    while (own_number == 0) // 0 is no number, but follows the last one
        own_number = next_number.fetch_add(kOneThread, std::memory_order_relaxed);
    if (!counting.load(std::memory_order_relaxed)) numbered_thread = own_number;
    return own_number;
}

} // namespace

void count_locks() {
    counting.store(true, std::memory_order_relaxed);
    numbered_thread = 0;
}

[[gnu::noinline, gnu::cold]] ThreadWord MutexBase::number_for(Rank rank) {
    if (counting.load(std::memory_order_relaxed)) {
        lock_counts[static_cast<unsigned>(rank)].acquisitions.fetch_add(1, std::memory_order_relaxed);
    }
    return number_this_thread();
}

void note_processors(unsigned count) {
    one_processor.store(count == 1, std::memory_order_relaxed);
}

[[gnu::noinline, gnu::cold]] void MutexBase::wait_for(Rank rank, ThreadWord taken) {
    const unsigned spins = spins_for(rank);
    if (numbered_thread != 0) { // locks are not counted
        wait(taken, spins, kForEver);
        return;
    }
    LockCounts& counts = lock_counts[static_cast<unsigned>(rank)];
    const std::uint64_t begin = monotonic_time();
    wait(taken, spins, kForEver);
    const std::uint64_t waited = monotonic_time() - begin;
    counts.contended.fetch_add(1, std::memory_order_relaxed);
    counts.wait_ns.fetch_add(waited, std::memory_order_relaxed);
    std::uint64_t longest = counts.wait_max_ns.load(std::memory_order_relaxed);
    while (longest < waited &&
           !counts.wait_max_ns.compare_exchange_weak(longest, waited, std::memory_order_relaxed)) {
    }
}

Holder MutexBase::holder() const {
    const ThreadWord seen = state_.load(std::memory_order_relaxed);
    if (seen == kFree) return Holder::kNobody;
    if ((seen & ~kFlags) != own_number) return Holder::kOther;
    return (seen & kForFork) != 0 ? Holder::kItsFork : Holder::kThisThread;
}

bool MutexBase::wait(ThreadWord taken, unsigned spins, unsigned patience) {
    for (unsigned spin = 0; spin < spins; ++spin) {
        pause_core();
        if (state_.load(std::memory_order_relaxed) == kFree && try_acquire(taken)) return true;
    }
    const std::uint64_t end = patience == kForEver ? kNever : in_milliseconds(patience);
    for (ThreadWord seen = state_.load(std::memory_order_relaxed);;) {
        if (seen == kFree) { // contended, because other threads may still wait
            if (state_.compare_exchange_weak(seen, taken | kContended, std::memory_order_acquire,
                                             std::memory_order_relaxed)) {
                return true;
            }
            continue;
        }
        if ((seen & ~kContended) == ((taken & ~kFlags) | kForFork)) return true; // for this thread's fork
        if ((seen & kContended) == 0 &&
            !state_.compare_exchange_weak(seen, seen | kContended, std::memory_order_relaxed)) {
            continue;
        }
        if (!sleep_while(&state_, seen | kContended, end)) return false;
        seen = state_.load(std::memory_order_relaxed);
    }
}

void MutexBase::release_and_wake() {
    if ((state_.exchange(kFree, std::memory_order_release) & kContended) == 0) return;
    system_call(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1);
}

void MutexBase::surrender_slowly(ThreadWord seen) {
    if ((seen & ~kFlags) != own_number) {
        if (inherited != 0 && --inherited == 0) inherited_ended();
    } else if ((seen & kForFork) == 0) {
        release_and_wake();
    }
}

bool MutexBase::take_for_fork(unsigned patience) {
    const ThreadWord me = number_this_thread();
    if ((state_.load(std::memory_order_relaxed) & ~kFlags) == me) return true;
    return try_acquire(me | kForFork) || wait(me | kForFork, kSpins, patience);
}

void MutexBase::give_after_fork() {
    if (holder() == Holder::kItsFork) release_and_wake();
}

void expect_inherited_unlocks(unsigned count, void (*ended)()) {
    inherited = count;
    inherited_ended = ended;
    // surrender() sees the unlock of a reset lock only with a number. With one, no lock of this thread is
    // counted.
    if (count != 0) numbered_thread = own_number;
    if (count == 0) ended();
}

void expect_more_inherited_unlocks(unsigned count) {
    if (inherited != 0) inherited += count;
}

void pause_milliseconds(unsigned milliseconds) {
    const std::uint32_t word = 0;
    sleep_while(&word, word, in_milliseconds(milliseconds));
}

#ifndef NDEBUG

namespace {

constexpr std::string_view kNames[] = {"opening",     "drain",  "threads",    "shard pool", "bin",
                                       "mixed slabs", "growth", "superslabs", "quarantine", "metadata"};
static_assert(std::size(kNames) == static_cast<unsigned>(Rank::kMetadata) + 1);

using Ranks = std::uint16_t; // one bit each
static_assert(std::size(kNames) <= std::numeric_limits<Ranks>::digits);

constinit thread_local Ranks ranks_held = 0;

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
    if (ranks_held >= bit_of(rank)) {
        Message message;
        name(message.text("locks taken out of order: "), static_cast<unsigned>(rank));
        name_highest_held(message.text(" under "));
        fatal(message);
    }
    ranks_held = static_cast<Ranks>(ranks_held | bit_of(rank));
}

void note_rank_unlocked(Rank rank) {
    ranks_held = static_cast<Ranks>(ranks_held & ~bit_of(rank));
}

void forget_ranks() {
    ranks_held = 0;
}

void expect_no_lock(const char* what) {
    if (ranks_held == 0) return;
    Message message;
    name_highest_held(message.text(what).text(" under the lock "));
    fatal(message);
}

#endif

} // namespace ashlar::os
