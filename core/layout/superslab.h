// SPDX-License-Identifier: MIT
//
// The superslabs of the window and the free page runs in them.
//
// A run of up to 32 pages lies in one superslab, the lowest that has room for it; a longer one starts with a
// superslab and covers whole ones and the first pages of a last one. So the heap stays dense at its low end.
// 64 superslabs (128 MiB) form a group with a word per run length that says which of them have such a run.
//
// Free pages that were used are *dirty* until they are purged: given back to the system, after which they
// read zero. They are purged when they have been dirty for the purge delay, and at once, highest addresses
// first, when there are more of them than allowed: a floor and a share of the pages in use, and what large
// blocks had in use more, lately, than they have now. Large blocks that replace each other thus find warm
// pages, and the process holds no more than it did at its recent peak.
//
// Thread-safe. No lock is held over a system call: memory to be committed or purged is out of everybody's
// reach meanwhile.
#pragma once

#include "layout/page_run.h"
#include "layout/window.h"
#include "os/mutex.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::layout {

struct Run {
    Page first = 0;    // 0: none
    bool zero = false; // all of it reads zero
};

class Superslabs {
  public:
    // `pages` (1, 2 or 4) that start at a multiple of `pages`.
    Run take_for_slab(unsigned pages);
    // Any number of pages. Headers of a taken run are zero.
    Run take(std::size_t pages);
    // The `pages` from `first` on, if they are all free.
    Run take_at(Page first, std::size_t pages);
    // The caller has zeroed the headers. A slab's run, and one of take() or a part of it.
    void give_from_slab(Page first, unsigned pages);
    void give(Page first, std::size_t pages);
    // Likewise of take(), memory that is known to read zero.
    void give_clean(Page first, std::size_t pages);

    // Purges everything dirty; returns the bytes.
    std::size_t purge_all();
    // Purges what has been dirty for the purge delay. To be called now and then; costs a look at a coarse
    // clock.
    void purge_aged();

    std::size_t committed() const { return committed_.load(std::memory_order_relaxed) * kSuperslabSize; }
    std::size_t pages_in_use() const { return pages_in_use_.load(std::memory_order_relaxed); }
    std::size_t dirty_pages() const { return dirty_pages_.load(std::memory_order_relaxed); }

    os::Mutex<os::Rank::kTables>& tables_mutex() { return tables_mutex_; }
    os::Mutex<os::Rank::kSuperslabs>& mutex() { return mutex_; }

  private:
    struct State {
        PageMask free;
        PageMask dirty; // free pages that may hold memory
        PageMask aged;  // of them, those that were dirty at the last look at the clock
        PageMask spare;
    };
    static constexpr unsigned kGroupSize = 64;
    struct alignas(64) Group {
        std::uint64_t has_run[kRunOrders]; // bit s: superslab s of the group has a free run of that length
        std::uint64_t has_dirty;
        std::uint64_t abandoned; // superslabs that could not be committed when they were claimed
        State states[kGroupSize];
    };
    static_assert(sizeof(Group) / kGroupSize <= kSuperslabStateSize, "what the window sets aside");

    enum class Fit : std::uint8_t { kAnywhere, kAligned };

    Group& group(std::size_t superslab) const;
    State& state(std::size_t superslab) const;
    void note_changes(std::size_t superslab);

    template <typename Visit>
    static void for_each_piece(Page first, std::size_t pages, Visit visit);

    Page find(unsigned pages, Fit fit) const;
    Page find_long(std::size_t pages) const;
    bool all_free(Page first, std::size_t pages) const;
    Run take_locked(Page first, std::size_t pages);
    void give_locked(Page first, std::size_t pages, bool dirty);
    void count_large(std::size_t taken);
    Run take_or_grow(std::size_t pages, Fit fit);

    struct Claim {
        std::size_t begin;
        std::size_t end; // == begin: there is no room
    };
    bool grow(std::size_t superslabs);
    Claim claim(std::size_t superslabs);
    void publish(Claim claim);
    void abandon(Claim claim);

    enum class Which : std::uint8_t { kAll, kAged };
    std::size_t purge(Which which, std::size_t most);
    std::size_t dirty_limit() const;
    void purge_excess();

    os::Mutex<os::Rank::kTables> tables_mutex_;
    os::Mutex<os::Rank::kSuperslabs> mutex_;
    std::size_t claimed_ = 0; // superslabs below this number are somebody's business (0: none yet)
    std::size_t opened_ = 0;  // superslabs below this number have a state
    std::atomic<std::size_t> committed_{0};
    std::atomic<std::size_t> pages_in_use_{0};
    std::atomic<std::size_t> dirty_pages_{0};
    std::atomic<std::size_t> large_pages_{0};      // of those in use, taken by take()
    std::atomic<std::size_t> large_pages_peak_{0}; // the most of late
    std::atomic<std::uint64_t> next_look_{0};      // at the clock, in its milliseconds
};

[[gnu::visibility("hidden")]] extern constinit Superslabs superslabs;

} // namespace ashlar::layout
