// SPDX-License-Identifier: MIT
//
// The file of the lock profiler (libashlar-locks.so), which also has the kinds kStack, kMap and kMark of
// profile_format.h. The tables are regions: the process writes their rows in place, so the file has the
// counts however the process ends. Every field is written whole. A row that is read while the process runs
// may mix two moments.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ashlar::lock_format {

enum class LockKind : std::uint32_t {
    kNone = 0, // unused row
    kMutex = 1,
    kReadWrite = 2,
    kSpin = 3,
    kSemaphore = 4,
    kCondition = 5, // acquisitions: waits that ended
    kBarrier = 6,   // acquisitions: waits that ended
    kFutex = 7,     // acquisitions: FUTEX_WAIT calls that slept; releases: FUTEX_WAKE calls
    kAnnotated = 8, // ashlar/locks.h
};

// Bits of LockRow::flags.
inline constexpr std::uint32_t kMerged = 1;    // several destroyed locks of one kind and place
inline constexpr std::uint32_t kDestroyed = 2; // a destroyed lock
inline constexpr unsigned kKeptShift = 8;      // from this bit on: number of further rows for the place

// A lock. Kind kLocks. Lock numbers are row numbers, from 1. Times are in ns.
struct LockRow {
    // Written by the thread that holds the lock.
    std::uint64_t address;
    std::uint64_t acquisitions;
    std::uint64_t releases;
    std::uint64_t site;          // return address of the last call that acquired it
    std::uint32_t holder;        // last thread that acquired it; 0: unknown or several
    std::uint32_t waiting;       // threads that wait now
    std::uint64_t blocked_since; // moment since which a thread waits for the present holder
    std::uint64_t delayed;       // acquisitions after which the thread was made to sleep
    LockKind kind;
    std::uint32_t flags;

    std::uint64_t shared;       // acquisitions by readers
    std::uint64_t contended;    // acquisitions whose first try failed
    std::uint64_t timed_out;    // waits that ended without the lock
    std::uint64_t failed_tries; // tries of the program that failed
    std::uint64_t long_waits;   // waits longer than the threshold
    std::uint64_t wait_total;   // ns of all waits, timed out or not
    std::uint64_t wait_max;
    std::uint64_t number;

    std::uint64_t holds_sampled;
    std::uint64_t holds;      // estimate of all holds
    std::uint64_t hold_total; // estimate for all holds
    std::uint64_t hold_max;   // of the sampled holds
    std::uint64_t hold_sampled_total;
    std::uint64_t first_site;
    std::uint32_t first_stack; // stack of the first acquisition
    std::uint32_t first_thread;
    std::uint32_t merged; // destroyed locks that this row includes
    std::uint32_t spare;  // row number for the next lock of this kind and place; 0: none

    std::array<char, 64> name; // by annotation; ends with NUL
};
static_assert(sizeof(LockRow) == 256);

// A thread that used a lock. Kind kLockThreads. Thread numbers are row numbers, from 1.
struct ThreadRow {
    std::uint32_t tid;
    std::uint32_t ended;
    std::array<char, 16> name;
    std::uint64_t waits_for; // lock number; 0: no wait
    std::uint64_t since;     // beginning of the wait
    std::uint64_t site;      // return address of the waiting call
    std::uint32_t stack;     // stack of that call; 0: not taken
    std::uint32_t zero;
    std::uint64_t started;
};
static_assert(sizeof(ThreadRow) == 64);

enum class Of : std::uint32_t {
    kWaitsByStack = 1,   // estimate
    kWaitsByThread = 2,  // exact
    kBlocksByStack = 3,  // estimate: time that threads waited, by the stack that released the lock
    kBlocksByThread = 4, // exact
    kHoldsByStack = 5,   // estimate: hold times, by the stack that released the lock
};

// Waits, time that other threads waited, or holds: of one lock, by one stack or thread. Kind kLockTallies.
struct TallyRow {
    std::uint64_t key; // see tally_key(); 0: unused row
    std::uint64_t count;
    std::uint64_t total;
    std::uint64_t max;
};
static_assert(sizeof(TallyRow) == 32);

// `number` is the number of a stack or thread.
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

// A thread acquired the second lock, after a wait if need be, while it held the first. The first was the last
// lock that it had acquired. Kind kLockOrder.
struct OrderRow {
    std::uint64_t key; // first lock | second lock << 32; 0: unused row
    std::uint64_t count;
    std::uint64_t site;   // return address of the call that acquired the second lock
    std::uint32_t stack;  // stack of the first time; 0: not written
    std::uint32_t thread; // thread of the first time
    std::uint64_t others; // not 0: other threads did the same
};
static_assert(sizeof(OrderRow) == 40);

// A wait that was longer than the threshold, written when it ended. Kind kLongWait.
struct LongWait {
    std::uint64_t begin;
    std::uint64_t nanoseconds;
    std::uint32_t lock;
    std::uint32_t thread;
    std::uint32_t holder; // the thread that held the lock when the wait began; 0: unknown
    std::uint32_t stack;  // stack of the waiting thread
    std::uint64_t holder_site;
};
static_assert(sizeof(LongWait) == 40);

} // namespace ashlar::lock_format
