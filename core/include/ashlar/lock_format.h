// SPDX-License-Identifier: MIT
//
// What the lock profiler (libashlar-locks.so) writes, beside the kinds kStack, kMap and kMark of
// profile_format.h. The tables are regions: rows that the process writes in place, so that what was counted
// is in the file whatever becomes of the process. Every field of a row is written whole, but a row that is
// read while the process runs may be a mixture of two moments.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ashlar::lock_format {

enum class LockKind : std::uint32_t {
    kNone = 0, // the row is not used
    kMutex = 1,
    kReadWrite = 2,
    kSpin = 3,
    kSemaphore = 4,
    kCondition = 5, // acquisitions: waits that ended
    kBarrier = 6,   // likewise
    kFutex = 7,     // acquisitions: FUTEX_WAIT calls that slept; releases: FUTEX_WAKE calls
    kAnnotated = 8, // ashlar/locks.h
};

// LockRow::flags.
inline constexpr std::uint32_t kMerged = 1;    // several that were destroyed, of one kind and place
inline constexpr std::uint32_t kDestroyed = 2; // one that was destroyed
inline constexpr unsigned kKeptShift = 8; // from this bit on: further rows of the place that are kept apart

// A lock. Kind kLocks; numbers of locks are those of rows, from 1. Times are ns.
struct LockRow {
    // Written by whoever holds the lock.
    std::uint64_t address;
    std::uint64_t acquisitions;
    std::uint64_t releases;
    std::uint64_t site;          // return address of the call that acquired it last
    std::uint32_t holder;        // thread that acquired it last; 0: unknown or several
    std::uint32_t waiting;       // threads that wait now
    std::uint64_t blocked_since; // the moment since which somebody waits for the present holder
    std::uint64_t delayed;       // acquisitions after which the thread was made to sleep
    LockKind kind;
    std::uint32_t flags;

    std::uint64_t shared;       // acquisitions by readers
    std::uint64_t contended;    // acquisitions whose first try failed
    std::uint64_t timed_out;    // waits that ended without the lock
    std::uint64_t failed_tries; // of the program's own
    std::uint64_t long_waits;   // longer than the threshold
    std::uint64_t wait_total;   // with those that timed out
    std::uint64_t wait_max;
    std::uint64_t number;

    std::uint64_t holds_sampled;
    std::uint64_t holds;      // estimate: that those stand for
    std::uint64_t hold_total; // estimate
    std::uint64_t hold_max;   // of those sampled
    std::uint64_t hold_sampled_total;
    std::uint64_t first_site;
    std::uint32_t first_stack; // of the first acquisition
    std::uint32_t first_thread;
    std::uint32_t merged; // locks that were destroyed and are counted here
    std::uint32_t spare;  // number of a row that the next lock of this kind and place may have

    std::array<char, 64> name; // by annotation; ends with NUL
};
static_assert(sizeof(LockRow) == 256);

// A thread that used a lock. Kind kLockThreads; numbers are those of rows, from 1.
struct ThreadRow {
    std::uint32_t tid;
    std::uint32_t ended;
    std::array<char, 16> name;
    std::uint64_t waits_for; // lock number; 0: runs
    std::uint64_t since;     // when the wait began
    std::uint64_t site;      // return address of the call that waits
    std::uint32_t stack;     // of it, 0 if it was not taken
    std::uint32_t zero;
    std::uint64_t started;
};
static_assert(sizeof(ThreadRow) == 64);

enum class Of : std::uint32_t {
    kWaitsByStack = 1,   // estimate
    kWaitsByThread = 2,  // exact
    kBlocksByStack = 3,  // estimate: for how long somebody waited, by the stack that released the lock
    kBlocksByThread = 4, // exact
    kHoldsByStack = 5,   // estimate: hold times, by the stack that released the lock
};

// Waits, or time for which others were kept waiting, of one lock and one stack or thread. Kind kLockTallies.
struct TallyRow {
    std::uint64_t key; // see tally_key(); 0: the row is not used
    std::uint64_t count;
    std::uint64_t total;
    std::uint64_t max;
};
static_assert(sizeof(TallyRow) == 32);

// `number` is that of a stack or thread.
constexpr std::uint64_t tally_key(std::uint64_t lock, Of of, std::uint32_t number) {
    return lock | static_cast<std::uint64_t>(of) << 28 | std::uint64_t{number} << 32;
}
constexpr std::uint64_t lock_of_tally(std::uint64_t key) {
    return key & ((std::uint64_t{1} << 28) - 1);
}
constexpr Of of_tally(std::uint64_t key) {
    return static_cast<Of>(key >> 28 & 15);
}
constexpr std::uint32_t number_of_tally(std::uint64_t key) {
    return static_cast<std::uint32_t>(key >> 32);
}

// The second lock was acquired, by waiting if need be, while the first was the last that the thread had
// acquired and still held. Kind kLockOrder.
struct OrderRow {
    std::uint64_t key; // first lock | second lock << 32; 0: the row is not used
    std::uint64_t count;
    std::uint64_t site;   // return address of the call that acquired the second
    std::uint32_t stack;  // of the first time; 0 if it could not be written
    std::uint32_t thread; // that did it first
    std::uint64_t others; // not 0: other threads did it, too
};
static_assert(sizeof(OrderRow) == 40);

// A wait that was longer than the threshold, when it is over. Kind kLongWait.
struct LongWait {
    std::uint64_t begin;
    std::uint64_t nanoseconds;
    std::uint32_t lock;
    std::uint32_t thread;
    std::uint32_t holder; // the thread that held the lock when the wait began; 0: unknown
    std::uint32_t stack;  // of the waiter
    std::uint64_t holder_site;
};
static_assert(sizeof(LongWait) == 40);

} // namespace ashlar::lock_format
