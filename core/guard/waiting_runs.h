// SPDX-License-Identifier: MIT
//
// Lists of released large blocks that wait (large_blocks.h). Which of them leaves is random, so that nobody
// can tell when a block comes back. All lists have one lock, and one sum of bytes, which anybody may read.
#pragma once

#include "os/mutex.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::guard {

// A released block: its run, the length of that, and where in it the block begins.
struct WaitingRun {
    char* start = nullptr; // null: none
    std::size_t size = 0;
    std::size_t front = 0;

    char* block() const { return start + front; }
};

class WaitingRuns {
  public:
    // False if there is no room for it.
    bool put(const WaitingRun& run);
    // One that has to leave if they are too many or more than `most` bytes: any but the `spared` that came
    // last. None if all may stay.
    WaitingRun take_excess(std::size_t most, std::uint32_t spared);
    // Any of this length whose block begins there, if at least so many bytes wait.
    WaitingRun take_fitting(std::size_t enough, std::size_t size, std::size_t front);
    WaitingRun take_last();

    static os::Mutex<os::Rank::kQuarantine>& mutex();
    static std::atomic<std::size_t>& bytes_of_all();

  private:
    static constexpr std::uint32_t kMostRuns = 64;

    WaitingRun take(std::uint32_t number);
    void note(std::size_t change); // so many bytes more, or fewer
    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

    std::atomic<std::size_t> bytes_{0};
    std::uint32_t count_ = 0;
    std::array<WaitingRun, 2 * kMostRuns> runs_{}; // room for what several threads put at one time
};

} // namespace ashlar::guard
