// SPDX-License-Identifier: MIT
//
// A futex mutex of four bytes that never allocates, with a rank.
//
// Ranks are the order in which locks may be taken. A thread that holds a lock may only take locks of a higher
// rank. fork takes all of them in this order. A lock may be held for tens of blocks, never while the
// program's own code (or a function of libc that could allocate) runs. Builds with assertions check both and
// abort.
//
// The word of a lock names the thread that holds it, from the very instruction that takes it to the one that
// gives it back. So a signal handler that forks (entry/fork.cc) knows which locks its thread holds.
#pragma once

#include <atomic>
#include <cstdint>

namespace ashlar::os {

enum class Rank : std::uint8_t {
    kOpening,    // whether the heap serves, decided once
    kDrain,      // one thread at a time empties others' caches
    kThreads,    // which thread caches exist
    kShardPool,  // who owns which shard
    kBin,        // one class of one shard
    kMixed,      // the mixed slabs of one shard
    kGrowth,     // making the heap larger
    kSuperslabs, // runs of slices
    kQuarantine, // released blocks that wait (hardened library)
    kMetadata,   // the metadata pool
};
inline constexpr unsigned kRanks = static_cast<unsigned>(Rank::kMetadata) + 1;

// What threads did with the locks of one rank since count_locks(), in the order of struct
// ashlar_lock_counters, which other processes read.
struct LockCounts {
    std::atomic<std::uint64_t> acquisitions{0};
    std::atomic<std::uint64_t> contended{0}; // that had to wait
    std::atomic<std::uint64_t> wait_ns{0};
    std::atomic<std::uint64_t> wait_max_ns{0};
};
[[gnu::visibility("hidden")]] extern constinit LockCounts lock_counts[kRanks];

#ifndef NDEBUG
// They keep, per thread, a bit for each rank held.
void note_rank_locked(Rank rank);
void note_rank_unlocked(Rank rank);

// What this thread holds counts no longer: in a forked child it is as if it were free.
void forget_ranks();

// For whoever allocates, or calls what may allocate: ends the process if this thread holds a lock. `what`
// goes on in its message.
void expect_no_lock(const char* what);
#else
inline void note_rank_locked(Rank /*rank*/) {}
inline void note_rank_unlocked(Rank /*rank*/) {}
inline void forget_ranks() {}
inline void expect_no_lock(const char* /*what*/) {}
#endif

// How many calls of fork this thread is in, between the handlers of entry/fork.cc. It may hold every lock
// then. Other libraries' fork handlers may run in between and allocate. lock() and unlock() do nothing with
// what fork holds, and no lock may be made that fork does not know of.
extern constinit thread_local unsigned forking;

// A thread's number, from 4 on, and below it room for two flags. 0: the thread took no lock yet. Numbers
// repeat after 2^30 threads, which take hours to make. Two threads of one number would exclude each other all
// the same, but not while one of them forks. So a thread would have to outlive 2^30 others, the last of them
// have its number, and one of the two fork.
using ThreadWord = std::uint32_t;
//
// Where locks are counted it stays 0, so that both ways of a lock are the slow ones: what is not counted
// costs nothing.
extern constinit thread_local ThreadWord numbered_thread;

// From here on, of this thread and of those that have taken no lock yet. Once, with the setting count:true.
void count_locks();

// How many processors this process may use. With one, nobody spins: no holder would run meanwhile.
void note_processors(unsigned count);

// Who holds a lock, as this thread sees it.
enum class Holder : std::uint8_t { kNobody, kOther, kThisThread, kItsFork };

class MutexBase {
  public:
    void acquire(Rank rank) {
        const ThreadWord number = numbered_thread;
        const ThreadWord taken = number != 0 ? number : number_for(rank);
        if (!try_acquire(taken)) wait_for(rank, taken);
    }

    void surrender() {
        ThreadWord held = numbered_thread;
        if (!state_.compare_exchange_strong(held, kFree, std::memory_order_release,
                                            std::memory_order_relaxed)) {
            surrender_slowly(held);
        }
    }

    Holder holder() const;

    // For fork, unless this thread holds it already. False if somebody keeps it for that many milliseconds.
    bool take_for_fork(unsigned patience);
    // Only what take_for_fork() took.
    void give_after_fork();

    // In a forked child, where whoever held or waited for it no longer exists.
    void reset() { state_.store(kFree, std::memory_order_relaxed); }

  private:
    enum : ThreadWord { kFree = 0, kContended = 1, kForFork = 2, kFlags = 3 };
    static constexpr unsigned kForEver = ~0U;

    bool try_acquire(ThreadWord taken) {
        ThreadWord free = kFree;
        return state_.compare_exchange_strong(free, taken, std::memory_order_acquire,
                                              std::memory_order_relaxed);
    }
    static ThreadWord number_for(Rank rank);
    void wait_for(Rank rank, ThreadWord taken);
    bool wait(ThreadWord taken, unsigned spins, unsigned patience);
    void surrender_slowly(ThreadWord seen);
    void release_and_wake();

    std::atomic<ThreadWord> state_{kFree};
};

// In a forked child: so many locks that were reset are yet to be unlocked, by what a signal handler
// interrupted. Calls `ended` when the last one is, at once if there are none.
void expect_inherited_unlocks(unsigned count, void (*ended)());
// Likewise in the child of such a child: so many more, before the same end.
void expect_more_inherited_unlocks(unsigned count);

// Does nothing for so long.
void pause_milliseconds(unsigned milliseconds);

template <Rank kRank>
class Mutex : private MutexBase {
  public:
    void lock() {
        acquire(kRank);
        note_rank_locked(kRank);
    }

    void unlock() {
        note_rank_unlocked(kRank);
        surrender();
    }

    using MutexBase::give_after_fork;
    using MutexBase::holder;
    using MutexBase::reset;
    using MutexBase::take_for_fork;
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
