// SPDX-License-Identifier: MIT
//
// How many free pages may stay dirty: warm for whoever needs pages next, but still counted as this process's.
//
// At most a floor (the setting dirty_limit) and as many as are in use; and so few that the process
// holds little more than it had in use lately. What replaces what was just released thus finds warm pages, a
// peak does not get higher by what lies around, and a process that goes idle right after a peak does not sit
// on it. Under a limit on the process's memory, at most an eighth of what is left of it besides: the rest of
// the process needs some too.
//
// The floor rises where it is too low: when pages are purged as excess and clean ones are taken before the
// next look, as many should have stayed. A sixth of them is added to the floor. So a heap that falls and
// rises once keeps little more, and one that does so again and again soon keeps what it needs. An eighth of
// what was added is forgotten with each look. The other bounds hold as before: the peak does not rise.
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
        const std::size_t risen = floor + std::min(needed_again() / kShareOfNeeded, floor * kMostRise);
        const std::size_t above_peak = floor / kFloorAbovePeak + in_use / kShareAbovePeak;
        return std::min({risen + in_use, std::max(peak(), in_use) - in_use + above_peak,
                         allowed_by_limit(in_use, limit)});
    }
    // What a limit on the process's memory leaves: nobody goes on above that.
    static std::size_t allowed_by_limit(std::size_t in_use, std::size_t limit) {
        const std::size_t left = limit - std::min(limit, in_use);
        return std::max(left / kShareOfWhatIsLeft, limit / kLeastShareOfLimit);
    }
    // So many were purged because they were more than allowed.
    void note_purged(std::size_t pages) { purged_ += pages; }
    // So many were taken that were not dirty.
    void note_clean_taken(std::size_t pages) {
        const std::size_t again = std::min(pages, purged_);
        if (again == 0) return;
        purged_ -= again;
        needed_again_.store(needed_again() + again, std::memory_order_relaxed);
    }
    // Once every purge delay: of what a peak exceeds the present by, and of what was needed again, an eighth
    // is forgotten.
    void forget(std::size_t in_use) {
        if (peak() > in_use) peak_.store(peak() - (peak() - in_use + 7) / 8, std::memory_order_relaxed);
        needed_again_.store(needed_again() - (needed_again() + 7) / 8, std::memory_order_relaxed);
        purged_ = 0;
    }

  private:
    static constexpr std::size_t kFloorAbovePeak = 64;
    static constexpr std::size_t kShareAbovePeak = 32;
    static constexpr std::size_t kShareOfWhatIsLeft = 8;
    static constexpr std::size_t kLeastShareOfLimit = 64; // what is in use may never have been touched

    static constexpr std::size_t kShareOfNeeded = 6;
    static constexpr std::size_t kMostRise = 8;

    std::size_t needed_again() const { return needed_again_.load(std::memory_order_relaxed); }
    std::size_t peak() const { return peak_.load(std::memory_order_relaxed); }

    std::atomic<std::size_t> peak_{0};         // the most pages in use of late
    std::atomic<std::size_t> needed_again_{0}; // purged as excess, and taken before the next look
    std::size_t purged_ = 0;                   // as excess, since the last look, and not needed again yet
};

} // namespace ashlar::layout
