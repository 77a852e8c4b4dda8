// SPDX-License-Identifier: MIT
//
// The lock profiler's file: rows of locks and threads, counts for a lock and a stack or thread, lock orders,
// long waits and stacks. It is a shared mapping (observe/record_file.h), so a kill loses nothing. A spin lock
// guards new and merged rows. No other lock is taken.
#pragma once

#include "locks/keyed_rows.h"
#include "locks/lock_index.h"
#include "observe/loaded_maps.h"
#include "observe/record_file.h"
#include "observe/stack_table.h"

#include <ashlar/lock_format.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <ctime>

namespace ashlar::locks {

using lock_format::LockKind;
using lock_format::LockRow;
using lock_format::Of;
using lock_format::OrderRow;
using lock_format::TallyRow;
using lock_format::ThreadRow;

inline std::uint64_t nanoseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

// Whether locks are recorded. Calls are only forwarded before the constructor has run, and without a file.
enum class Mode : std::uint32_t {
    kEarly = 0, // the next functions are not known yet
    kOn = 1,
    kOff = 2,
    kForked = 3,   // a forked child that has not taken a lock yet
    kDelaying = 4, // kOn, and some sections are slowed down (delay.h)
};
[[gnu::visibility("hidden")]] extern constinit std::atomic<Mode> mode;

class Recording {
  public:
    bool open();  // returns false after a warning
    void close(); // called at exit
    // Continues in a forked child that is about to record. Returns false if there is no file.
    bool continue_in_child();
    bool is_inherited() const { return file_.is_inherited(); }

    const LockIndex::Slot* first_slot(const void* lock) const { return index_.first_slot(lock); }
    LockRow* find(const void* lock) const { return index_.find(lock); }
    // Returns the lock's row, new if need be, or null if there is no room.
    LockRow* find_or_add(const void* lock, LockKind kind, std::uintptr_t site, std::uint32_t thread);
    // Notes that the lock was destroyed. Its counts may move to a row for all such locks.
    void merge(const void* lock);

    struct NewThread {
        ThreadRow* row;
        std::uint32_t number;
    };
    NewThread new_thread();
    ThreadRow* thread(std::uint32_t number);

    void tally(const LockRow& lock, Of of, std::uint32_t number, std::uint64_t count, std::uint64_t total,
               std::uint64_t largest);
    void note_order(const LockRow& first, const LockRow& second, std::uintptr_t site, std::uint32_t thread);
    void note_long_wait(const lock_format::LongWait& wait) {
        file_.append(profile_format::Kind::kLongWait, {&wait, sizeof(wait)});
    }

    // Returns the number of the caller's stack without this library's frames, or 0 if it cannot be written.
    std::uint32_t stack();
    // Returns the number of a stack of one address.
    std::uint32_t stack_of(std::uintptr_t site);

  private:
    static constexpr std::uint32_t kRowsAtOnce = 256;
    static constexpr std::uint32_t kThreadsAtOnce = 512;
    static constexpr std::uint32_t kMostThreads = 512 * kThreadsAtOnce;

    LockRow* row_of(std::uint32_t number);
    LockRow* new_row(LockRow* merged);
    std::uint32_t number_of(const std::uintptr_t* frames, unsigned count);
    void look_at_maps(const std::uintptr_t* frames, unsigned count);

    // A spin lock, held for a short time. A wrapped lock would enter the profiler. A waiting thread yields.
    class Spin {
      public:
        explicit Spin(std::atomic<bool>& taken);
        ~Spin() { taken_.store(false, std::memory_order_release); }
        Spin(const Spin&) = delete;
        Spin& operator=(const Spin&) = delete;

      private:
        std::atomic<bool>& taken_;
    };

    observe::RecordFile file_;
    observe::StackTable stacks_;
    observe::LoadedMaps maps_;
    std::atomic<std::uint64_t> maps_read_{0};
    LockIndex index_;
    std::atomic<bool> adding_{false};
    std::uint32_t locks_ = 0; // rows handed out
    std::array<LockRow*, LockIndex::kMostLocks / kRowsAtOnce> regions_{};
    std::atomic<std::uint32_t> threads_{0};
    std::array<std::atomic<ThreadRow*>, kMostThreads / kThreadsAtOnce> thread_regions_{};
    KeyedRows<TallyRow> tallies_{profile_format::Kind::kLockTallies};
    KeyedRows<OrderRow> orders_{profile_format::Kind::kLockOrder};
};

[[gnu::visibility("hidden")]] extern constinit Recording recording;

} // namespace ashlar::locks
