// SPDX-License-Identifier: MIT
//
// A futex mutex of four bytes that never allocates, with a rank.
//
// Ranks are the order in which threads take locks. A thread that holds a lock may only take locks of a higher
// rank. fork takes all locks in this order. A thread may hold a lock for tens of blocks. It must not hold one
// while code of the program, or a function of libc that may allocate, runs. Builds with assertions check both
// rules and abort.
//
// The word of a lock names its holder, from the instruction that takes the lock to the one that releases it.
// So a signal handler that forks (entry/fork.cc) knows which locks its thread holds.
#pragma once

#include <atomic>
#include <cstdint>

namespace ashlar::os {

enum class Rank : std::uint8_t {
    kOpening,    // decides once whether the heap serves
    kDrain,      // one thread drains the caches of other threads
    kThreads,    // the table of thread caches
    kShardPool,  // the owners of shards
    kBin,        // one class of one shard
    kMixed,      // the mixed slabs of one shard
    kGrowth,     // extending the heap
    kSuperslabs, // runs of slices
    kQuarantine, // waiting released blocks (hardened library)
    kMetadata,   // the metadata pool
};
inline constexpr unsigned kRanks = static_cast<unsigned>(Rank::kMetadata) + 1;

// Counts for the locks of one rank since count_locks(). Other processes read them (ashlar_lock_counters).
struct LockCounts {
    std::atomic<std::uint64_t> acquisitions{0};
    std::atomic<std::uint64_t> contended{0}; // acquisitions that had to wait
    std::atomic<std::uint64_t> wait_ns{0};
    std::atomic<std::uint64_t> wait_max_ns{0};
};
[[gnu::visibility("hidden")]] extern constinit LockCounts lock_counts[kRanks];

#ifndef NDEBUG
// Set and clear the rank's bit in the thread's set of held ranks.
void note_rank_locked(Rank rank);
void note_rank_unlocked(Rank rank);

// Clears the calling thread's set of held ranks. A forked child calls it.
void forget_ranks();

// Ends the process if this thread holds a lock. Called before `what`, which may allocate.
void expect_no_lock(const char* what);
#else
inline void note_rank_locked(Rank /*rank*/) {}
inline void note_rank_unlocked(Rank /*rank*/) {}
inline void forget_ranks() {}
inline void expect_no_lock(const char* /*what*/) {}
#endif

// Calls of fork that this thread is in, between the handlers of entry/fork.cc. The thread may then hold every
// lock, while fork handlers of other libraries run and allocate. lock() and unlock() do nothing with locks
// that fork holds. No lock that fork does not know may be made meanwhile.
extern constinit thread_local unsigned forking;

// A thread's number, a multiple of 4, with two flags in the low bits. 0: the thread has taken no lock yet.
//
// Numbers repeat after 2^30 threads, which take hours to make. Two threads with one number still exclude each
// other, except while one of them forks.
using ThreadWord = std::uint32_t;
// The calling thread's number. Stays 0 while locks are counted: lock and unlock then take their slow paths,
// which count. So counting costs nothing when it is off.
extern constinit thread_local ThreadWord numbered_thread;

// Counts locks of this thread and of threads without a number from now on. Called once, for count:true.
void count_locks();

// Takes the number of usable processors. With one, threads do not spin, since no holder could run meanwhile.
void note_processors(unsigned count);

// The holder of a lock, as the calling thread sees it.
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

    // Takes the lock for fork, unless this thread holds it. False: another thread kept it for `patience` ms.
    bool take_for_fork(unsigned patience);
    // Releases the lock if take_for_fork() took it.
    void give_after_fork();

    // Frees the lock in a forked child, where its holder and its waiters do not exist.
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

// For a forked child whose parent forked in a signal handler. The interrupted code will unlock `count` locks
// that were reset. Calls `ended` after the last unlock, or at once if `count` is 0.
void expect_inherited_unlocks(unsigned count, void (*ended)());
// Adds `count` to these unlocks in the child of such a child. `ended` is the same.
void expect_more_inherited_unlocks(unsigned count);

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
