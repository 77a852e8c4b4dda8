// SPDX-License-Identifier: MIT
// What the lock profiler has recorded of one process, with names. It tells which locks cost most, who waited
// for them and who kept others waiting. It tells in which order they were acquired, and who waits for whom at
// the end.
#pragma once

#include "profile/names.h"
#include "profile/recording.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ashlar::profile {

// Waits, or time for which others were kept waiting, of one stack.
struct LockStack {
    NamedStack frames;
    std::uint64_t count; // estimate
    std::uint64_t total; // ns, estimate
    std::uint64_t max;   // ns, of those recorded
};

struct LockThread {
    std::uint64_t number;
    std::uint32_t tid;
    std::string name;
    std::uint64_t waits; // exact
    std::uint64_t waited;
    std::uint64_t blocks;
    std::uint64_t blocked;
};

struct Lock {
    std::uint64_t number;
    std::string name; // by annotation, of the variable, or the place of first use
    const char* kind;
    lock_format::LockRow counts;
    std::vector<LockStack> waiters; // the most costly first
    std::vector<LockStack> holders; // by time for which others waited
    std::vector<LockStack> holds;   // by time held, waited for or not
    std::vector<LockThread> threads;

    double hold_mean() const {
        return counts.holds == 0 ? 0
                                 : static_cast<double>(counts.hold_total) / static_cast<double>(counts.holds);
    }
};

// `second` was acquired while `first` was held.
struct LockOrder {
    std::size_t first; // indices of LockReport::locks
    std::size_t second;
    std::uint64_t count;
    NamedStack frames; // where, the first time
    bool by_many;      // threads
    std::uint32_t thread;
};

// Somebody waits when the recording ends.
struct LockWaiter {
    std::string thread; // "worker-1 (4711)"
    std::size_t lock;
    std::uint64_t since;  // ns before the end of the recording; 0: unknown
    std::string place;    // of the wait
    std::string holder;   // empty: unknown
    std::string acquired; // where the holder acquired
    std::uint64_t thread_number;
    std::uint64_t holder_number;
};

// A wait that was longer than the threshold.
struct LongLockWait {
    std::size_t lock;
    double begin;         // seconds after the start of the recording
    double seconds;       // that it took
    std::uint64_t thread; // index of LockReport::threads
    std::uint64_t holder; // likewise of the thread that had the lock when it began; kNoThread: unknown
    std::string acquired; // where that thread had acquired it
    NamedStack frames;    // of the waiter; empty if its stack was not taken
};
inline constexpr std::uint64_t kNoThread = ~std::uint64_t{0};

struct LockReport {
    std::string program;
    std::uint32_t pid = 0;
    std::uint64_t start = 0;            // of the recording, ns, by the clock of the memory profiler
    std::uint64_t started_realtime = 0; // likewise, ns since 1970
    double seconds = 0;                 // recorded
    std::vector<ThreadName> threads;    // that used locks, in the order of their numbers
    std::uint64_t lost = 0;
    bool is_full = false;
    bool exited = false;
    std::vector<Lock> locks; // the longest total wait first
    std::vector<LockOrder> orders;
    std::vector<std::vector<std::size_t>> cycles; // of `orders`
    std::vector<LockWaiter> waiting;              // at the end
    std::vector<LongLockWait> long_waits;         // in the order in which they ended
    std::vector<std::string> deadlock;            // threads that wait for one another in a circle

    std::uint64_t total_wait() const; // of locks; not of conditions, barriers and futexes
};

LockReport report_locks(const Recording& recording, symbols::Symbolizer& symbolizer, Frames& frames);

const char* kind_name(lock_format::LockKind kind);
// Whether a wait for it is a wait for somebody who holds it, not for an event.
bool is_held(lock_format::LockKind kind);

} // namespace ashlar::profile
