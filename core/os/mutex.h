// SPDX-License-Identifier: MIT
//
// A futex mutex of four bytes that never allocates, with a rank.
//
// Ranks are the order in which locks may be taken: a thread that holds a lock may only take locks of a higher
// rank; fork takes all of them in this order. A lock may be held for tens of blocks, never while the
// program's own code (or a function of libc that could allocate) runs. Builds with assertions check both and
// abort.
#pragma once

#include <atomic>
#include <cstdint>

namespace ashlar::os {

enum class Rank : std::uint8_t {
    kOpening,    // whether the heap serves, decided once
    kThreads,    // which thread caches exist
    kShardPool,  // who owns which shard
    kBin,        // one class of one shard
    kMixed,      // the mixed slabs of one shard
    kGrowth,     // making the heap larger
    kSuperslabs, // page runs
    kQuarantine, // released blocks that wait (hardened library)
    kMetadata,   // the metadata pool
};

#ifndef NDEBUG
// They keep, per thread, a bit for each rank held.
void note_rank_locked(Rank rank);
void note_rank_unlocked(Rank rank);

// Fork takes all locks, many of one rank: meanwhile the order is not checked.
void suspend_rank_check(bool suspended);

// For whoever allocates, or calls what may allocate: ends the process if this thread holds a lock. `what`
// goes on in its message.
void expect_no_lock(const char* what);
#else
inline void note_rank_locked(Rank /*rank*/) {}
inline void note_rank_unlocked(Rank /*rank*/) {}
inline void suspend_rank_check(bool /*suspended*/) {}
inline void expect_no_lock(const char* /*what*/) {}
#endif

// True between the moment that this thread, which forks, has taken all locks and the moment that it returns
// them. Other libraries' fork handlers run in between and may allocate: to them every lock is already theirs.
extern constinit thread_local bool holds_all_locks;

// How many locks this thread holds: fork, called by a signal handler, must know.
extern constinit thread_local unsigned locks_held;

class MutexBase {
  public:
    bool try_acquire() {
        std::uint32_t expected = kFree;
        return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire,
                                              std::memory_order_relaxed);
    }

    void acquire() {
        if (!try_acquire()) wait();
    }

    void surrender() {
        if (state_.exchange(kFree, std::memory_order_release) == kContended) wake();
    }

    // In a forked child, where whoever held or waited for it no longer exists.
    void reset() { state_.store(kFree, std::memory_order_relaxed); }

  private:
    enum : std::uint32_t { kFree, kHeld, kContended };

    void wait();
    void wake();

    std::atomic<std::uint32_t> state_{kFree};
};

template <Rank kRank>
class Mutex : private MutexBase {
  public:
    void lock() {
        if (holds_all_locks) [[unlikely]]
            return;
        acquire();
        ++locks_held;
        note_rank_locked(kRank);
    }

    void unlock() {
        if (holds_all_locks) [[unlikely]]
            return;
        note_rank_unlocked(kRank);
        --locks_held;
        surrender();
    }

    using MutexBase::reset;
};

template <typename AnyMutex>
class [[nodiscard]] Guard {
  public:
    explicit Guard(AnyMutex& mutex) : mutex_(mutex) { mutex_.lock(); }
    ~Guard() { mutex_.unlock(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

  private:
    AnyMutex& mutex_;
};

} // namespace ashlar::os
