// SPDX-License-Identifier: MIT
// Counts that a scenario takes of its own locks. Each worker, a thread or a task, has its own tally, so
// counting needs no lock. Nothing here allocates: memory is mapped before the clock starts.
#pragma once

#include "locks/clock.h"
#include "support/mapped_array.h"

#include <algorithm>
#include <cstdint>

namespace bench::locks {

using LockId = std::uint32_t;

inline constexpr std::uint64_t kContention = 1'000'000; // ns; a longer wait is a contention
inline constexpr std::uint64_t kVisible = 10'000;       // ns; longer waits can be compared with other clocks

struct LockCounts {
    std::uint64_t acquisitions; // also those at the end of a wait for a condition
    std::uint64_t releases;
    std::uint64_t event_waits; // waits for a condition, with the mutex released, or at a barrier
    std::uint64_t time_outs;   // acquisitions whose time limit passed
    std::uint64_t timed;       // acquisitions with a known wait: all but those after waits for a condition
    std::uint64_t wait_ns;
    std::uint64_t longest_wait_ns;
    std::uint64_t contentions;
    std::uint64_t visible_waits;
    std::uint64_t visible_wait_ns;
    std::uint64_t hold_ns;
    std::uint64_t longest_hold_ns;
    std::uint64_t held_since; // ns; when the holding worker acquired the lock

    void waited(std::uint64_t nanoseconds) {
        ++timed;
        wait_ns += nanoseconds;
        longest_wait_ns = std::max(longest_wait_ns, nanoseconds);
        contentions += nanoseconds > kContention ? 1 : 0;
        if (nanoseconds > kVisible) {
            ++visible_waits;
            visible_wait_ns += nanoseconds;
        }
    }

    void add(const LockCounts& other) {
        acquisitions += other.acquisitions;
        releases += other.releases;
        event_waits += other.event_waits;
        time_outs += other.time_outs;
        timed += other.timed;
        wait_ns += other.wait_ns;
        longest_wait_ns = std::max(longest_wait_ns, other.longest_wait_ns);
        contentions += other.contentions;
        visible_waits += other.visible_waits;
        visible_wait_ns += other.visible_wait_ns;
        hold_ns += other.hold_ns;
        longest_hold_ns = std::max(longest_hold_ns, other.longest_hold_ns);
    }
};

// The tallies of all workers, which also count how often one lock was acquired while another was held.
class Tallies {
  public:
    Tallies(std::size_t workers, std::size_t locks)
        : locks_(locks), counts_(workers * locks), orders_(workers * locks * locks) {}

    LockCounts* counts(std::size_t worker) { return &counts_[worker * locks_]; }
    std::uint64_t* orders(std::size_t worker) { return &orders_[worker * locks_ * locks_]; }

    LockCounts sum(LockId lock) {
        LockCounts all{};
        for (std::size_t at = lock; at < counts_.size(); at += locks_) {
            all.add(counts_[at]);
        }
        return all;
    }

    std::uint64_t order(LockId held, LockId acquired) {
        std::uint64_t all = 0;
        for (std::size_t at = held * locks_ + acquired; at < orders_.size(); at += locks_ * locks_) {
            all += orders_[at];
        }
        return all;
    }

  private:
    std::size_t locks_;
    MappedArray<LockCounts> counts_;
    MappedArray<std::uint64_t> orders_;
};

// One worker's tally. The caller names each step of a lock, and the clock is read here.
class Tally {
  public:
    Tally(Tallies& tallies, std::size_t worker, std::size_t locks)
        : counts_(tallies.counts(worker)), orders_(tallies.orders(worker)), locks_(locks) {}

    // Calls acquire(), which returns with the lock held.
    template <typename Acquire>
    void acquire(LockId lock, const Acquire& acquire) {
        const std::uint64_t start = now_ns();
        acquire();
        acquired(lock, start);
    }

    // Calls acquire(), which returns true with the lock held, or false after a time-out.
    template <typename Acquire>
    bool try_acquire(LockId lock, const Acquire& acquire) {
        const std::uint64_t start = now_ns();
        if (acquire()) {
            acquired(lock, start);
            return true;
        }
        ++counts_[lock].time_outs;
        return false;
    }

    // Records an acquisition. `start` is when the worker began to wait.
    void acquired(LockId lock, std::uint64_t start) {
        const std::uint64_t now = now_ns();
        counts_[lock].waited(now - start);
        begin_hold(lock, now);
    }

    // Records a release. Call it just before the lock is released.
    void releases(LockId lock) {
        LockCounts& counts = counts_[lock];
        const std::uint64_t held = now_ns() - counts.held_since;
        ++counts.releases;
        counts.hold_ns += held;
        counts.longest_hold_ns = std::max(counts.longest_hold_ns, held);
        counts.held_since = 0;
    }

    // Calls wait(), which waits for a condition and returns with the mutex held.
    template <typename Wait>
    void wait_for_condition(LockId lock, const Wait& wait) {
        releases(lock);
        ++counts_[lock].event_waits;
        wait();
        begin_hold(lock, now_ns());
    }

    // Calls wait(), which waits at a barrier. No lock is held afterwards.
    template <typename Wait>
    void wait_for_others(LockId lock, const Wait& wait) {
        ++counts_[lock].event_waits;
        wait();
    }

    // Record a nested acquisition or release of a recursive lock. The hold lasts until the last release.
    void acquired_again(LockId lock) { ++counts_[lock].acquisitions; }
    void releases_again(LockId lock) { ++counts_[lock].releases; }

    // Returns the acquisitions of all locks.
    std::uint64_t acquisitions() const {
        std::uint64_t all = 0;
        for (LockId lock = 0; lock < locks_; ++lock) {
            all += counts_[lock].acquisitions;
        }
        return all;
    }

    bool holds(LockId lock) const { return counts_[lock].held_since != 0; }

  private:
    void begin_hold(LockId lock, std::uint64_t now) {
        for (LockId other = 0; other < locks_; ++other) {
            orders_[other * locks_ + lock] += holds(other) ? 1 : 0;
        }
        ++counts_[lock].acquisitions;
        counts_[lock].held_since = now;
    }

    LockCounts* counts_;
    std::uint64_t* orders_;
    std::size_t locks_;
};

} // namespace bench::locks
