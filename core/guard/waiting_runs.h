// SPDX-License-Identifier: MIT
//
// Lists of released large blocks that wait (large_blocks.h). The block that leaves is chosen at random, so
// its return is unpredictable. All lists share one lock and one sum of bytes, which any thread may read.
#pragma once

#include "os/mutex.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::guard {

// A released block: its run, the run's length, and the block's offset in the run.
struct WaitingRun {
    char* start = nullptr; // null: none
    std::size_t size = 0;
    std::size_t front = 0;

    char* block() const { return start + front; }
};

class WaitingRuns {
  public:
    // Adds a run. Returns false if the list is full.
    bool put(const WaitingRun& run);
    // Takes a random run if the list has too many runs or over `most` bytes, else none. Never takes one of
    // the `spared` that were added last.
    WaitingRun take_excess(std::size_t most, std::uint32_t spared);
    // Takes a random run of `size` bytes with the block at `front`, if `enough` bytes wait. Or none.
    WaitingRun take_fitting(std::size_t enough, std::size_t size, std::size_t front);
    WaitingRun take_last();

    static os::Mutex<os::Rank::kQuarantine>& mutex();
    static constinit std::atomic<std::size_t> bytes_of_all; // in all lists, written under the lock

  private:
    static constexpr std::uint32_t kMostRuns = 64;

    WaitingRun take(std::uint32_t number);
    void note(std::size_t change); // `change` wraps around for fewer bytes
    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

    std::atomic<std::size_t> bytes_{0};
    std::uint32_t count_ = 0;
    std::array<WaitingRun, 2 * kMostRuns> runs_{}; // room for runs that several threads add at once
};

} // namespace ashlar::guard
