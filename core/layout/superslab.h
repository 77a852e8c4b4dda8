// SPDX-License-Identifier: MIT
//
// The superslabs of the window and the free page runs in them.
//
// Superslabs are committed in address order, in growing steps. A run is taken from the lowest superslab that
// has one, so that the heap stays dense at its low end. 64 superslabs (128 MiB) form a group with one word
// per run length that says which of them have such a run: finding one is a scan of a word per 128 MiB.
// Thread-safe: one lock, below which only committing happens.
#pragma once

#include "layout/page_run.h"
#include "layout/window.h"
#include "os/mutex.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::layout {

class Superslabs {
  public:
    // A run of `pages` (1, 2 or 4) that starts at a multiple of `pages`, its headers zero, its memory either
    // zero or what its last user left; 0 if the window or the system has no more.
    Page take_run(unsigned pages);

    // Zeroes the headers. The memory stays as it is until purge().
    void give_run(Page first, unsigned pages);

    // Gives the memory of all free runs back to the system; returns the bytes.
    std::size_t purge();

    std::size_t committed() const { return committed_.load(std::memory_order_relaxed) * kSuperslabSize; }
    std::size_t pages_in_use() const { return pages_in_use_.load(std::memory_order_relaxed); }

    os::Mutex<os::Rank::kSuperslabs>& mutex() { return mutex_; }

  private:
    struct State {
        PageMask free;
        PageMask dirty; // free pages that may hold memory
    };
    static constexpr unsigned kGroupSize = 64;
    struct alignas(64) Group {
        std::uint64_t has_run[kRunOrders]; // bit s: superslab s of the group has a free run of that order
        State states[kGroupSize];
    };
    static_assert(sizeof(Group) / kGroupSize <= 16, "what the window sets aside");

    Group& group(std::size_t number) const;
    static void note_runs(Group& group, unsigned slot);
    bool open_superslab();
    std::size_t purge_superslab(std::size_t superslab, State& state);

    os::Mutex<os::Rank::kSuperslabs> mutex_;
    std::size_t opened_ = 0;     // superslabs below this number have been opened (0: none yet)
    std::size_t commit_end_ = 0; // superslabs below this number are committed
    std::atomic<std::size_t> committed_{0};
    std::atomic<std::size_t> pages_in_use_{0};
};

extern constinit Superslabs superslabs;

} // namespace ashlar::layout
