// SPDX-License-Identifier: MIT
// The lock profiler's recording of one process, with names. It shows which locks cost most, who waited for
// them and who held them. It also shows the order of acquisition, and who waits for whom at the end.
#pragma once

#include "profile/names.h"
#include "profile/recording.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ashlar::profile {

// Waits or holds of one stack, or the time that it kept other threads waiting.
struct LockStack {
    NamedStack frames;
    std::uint64_t count; // estimate
    std::uint64_t total; // ns, estimate
    std::uint64_t max;   // ns, among recorded waits
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
    std::string name; // from an annotation, else the variable, else the place of first use
    const char* kind;
    lock_format::LockRow counts;
    std::vector<LockStack> waiters; // the most costly first
    std::vector<LockStack> holders; // by the time that other threads waited
    std::vector<LockStack> holds;   // by the time held, with or without waiters
    std::vector<LockThread> threads;

    double hold_mean() const {
        return counts.holds == 0 ? 0
                                 : static_cast<double>(counts.hold_total) / static_cast<double>(counts.holds);
    }
};

// The program acquired `second` while it held `first`.
struct LockOrder {
    std::size_t first; // both are indices of LockReport::locks
    std::size_t second;
    std::uint64_t count;
    NamedStack frames; // stack of the first time
    bool by_many;      // seen in more than one thread; else `thread` is the only one
    std::uint32_t thread;
};

// A thread that waits when the recording ends.
struct LockWaiter {
    std::string thread; // "worker-1 (4711)"
    std::size_t lock;
    std::uint64_t since;  // ns before the end of the recording; 0: unknown
    std::string place;    // where the thread waits
    std::string holder;   // empty: unknown
    std::string acquired; // where the holder acquired the lock
    std::uint64_t thread_number;
    std::uint64_t holder_number;
};

// A wait longer than the threshold.
struct LongLockWait {
    std::size_t lock;
    double begin;         // seconds after the start of the recording
    double seconds;       // duration
    std::uint64_t thread; // index of LockReport::threads
    std::uint64_t holder; // index of the thread that held the lock when the wait began; kNoThread: unknown
    std::string acquired; // where that thread had acquired the lock
    NamedStack frames;    // of the waiter; empty: no stack was recorded
};
inline constexpr std::uint64_t kNoThread = ~std::uint64_t{0};

struct LockReport {
    std::string program;
    std::uint32_t pid = 0;
    std::uint64_t start = 0;            // of the recording, ns, on the memory profiler's clock
    std::uint64_t started_realtime = 0; // start of the recording, ns since 1970
    double seconds = 0;                 // recorded
    std::vector<ThreadName> threads;    // threads that used locks, by number
    std::uint64_t lost = 0;
    bool is_full = false;
    bool exited = false;
    std::vector<Lock> locks; // the longest total wait first
    std::vector<LockOrder> orders;
    std::vector<std::vector<std::size_t>> cycles; // each a list of indices of `orders`
    std::vector<LockWaiter> waiting;              // at the end of the recording
    std::vector<LongLockWait> long_waits;         // by the time at which they ended
    std::vector<std::string> deadlock;            // threads that wait for one another in a circle

    std::uint64_t total_wait() const; // ns; without conditions, barriers and futexes
};

LockReport report_locks(const Recording& recording, symbols::Symbolizer& symbolizer, Frames& frames);

const char* kind_name(lock_format::LockKind kind);
// Returns whether a wait for this kind is a wait for a holder, not for an event.
bool is_held(lock_format::LockKind kind);

} // namespace ashlar::profile
