// SPDX-License-Identifier: MIT
//
// How many free pages may stay dirty: warm for whoever needs pages next, but still counted as this process's.
//
// At most a floor (the setting dirty_limit) and as many as are in use; and so few that the process
// holds little more than it had in use lately. What replaces what was just released thus finds warm pages, a
// peak does not get higher by what lies around, and a process that goes idle right after a peak does not sit
// on it. Under a limit on the process's memory, at most an eighth of what is left of it besides: the rest of
// the process needs some too.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace ashlar::layout {

class DirtyBudget {
  public:
    // All in pages.
    void note_in_use(std::size_t in_use) {
        if (in_use > peak()) peak_.store(in_use, std::memory_order_relaxed);
    }
    std::size_t allowed(std::size_t in_use, std::size_t floor, std::size_t limit) const {
        const std::size_t left = limit - std::min(limit, in_use);
        const std::size_t above_peak = floor / kFloorAbovePeak + in_use / kShareAbovePeak;
        return std::min({floor + in_use, std::max(peak(), in_use) - in_use + above_peak,
                         std::max(left / kShareOfWhatIsLeft, limit / kLeastShareOfLimit)});
    }
    // Once every purge delay: of what a peak exceeds the present by, an eighth is forgotten.
    void forget(std::size_t in_use) {
        if (peak() > in_use) peak_.store(peak() - (peak() - in_use + 7) / 8, std::memory_order_relaxed);
    }

  private:
    static constexpr std::size_t kFloorAbovePeak = 64;
    static constexpr std::size_t kShareAbovePeak = 32;
    static constexpr std::size_t kShareOfWhatIsLeft = 8;
    static constexpr std::size_t kLeastShareOfLimit = 64; // what is in use may never have been touched

    std::size_t peak() const { return peak_.load(std::memory_order_relaxed); }

    std::atomic<std::size_t> peak_{0}; // the most pages in use of late
};

} // namespace ashlar::layout
