// SPDX-License-Identifier: MIT
//
// How much memory may lie around because it may be needed again: the one place that says so. There are two
// such reserves. Free slices that were used are dirty: warm for whoever needs slices next. Slabs have unused
// pages, system pages in which no block is left. Both count as this process's memory until they are purged.
//
// Each reserve has a floor, which follows from the setting dirty_limit, and learns. What was purged because
// there was too much of it, and was needed again before the next look, should have stayed. A share of it is
// added to the floor, up to six times the floor. A quarter of what was learned is forgotten with each look,
// that is once every purge delay. So a heap that falls and rises once keeps little more, and one that does so
// again and again soon keeps what it needs.
//
//   reserve          floor                                   learns
//   dirty slices     dirty_limit + slices in use              all that was needed again
//   unused pages     dirty_limit / 8 + slices in use / 128    a sixteenth: they come and go in a moment
//
// Dirty slices have two bounds more. Together with what is in use they are little more than what was in use
// lately. So peaks do not rise, and a process that goes idle right after a peak does not sit on it. Under a
// limit on the process's memory they are at most an eighth of what is left of it. The rest of the process
// needs some too. docs/experiments.md has the measurements behind each number.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace ashlar::layout {

// How much was purged too early, in the unit of whoever counts.
class NeededAgain {
  public:
    void add(std::size_t amount) { amount_.fetch_add(amount, std::memory_order_relaxed); }
    // So much should stay beyond the floor.
    std::size_t kept(std::size_t share, std::size_t floor) const {
        return std::min(amount() / share, floor * kMostRise);
    }
    void forget() {
        const std::size_t now = amount();
        amount_.store(now - (now + kForgotten - 1) / kForgotten, std::memory_order_relaxed);
    }

  private:
    static constexpr std::size_t kMostRise = 6;
    static constexpr std::size_t kForgotten = 4;

    std::size_t amount() const { return amount_.load(std::memory_order_relaxed); }

    std::atomic<std::size_t> amount_{0};
};

class Reserves {
  public:
    // In slices.
    std::size_t allowed_dirty(std::size_t in_use, std::size_t floor, std::size_t limit) const {
        const std::size_t risen = floor + dirty_needed_.kept(1, floor);
        const std::size_t above_peak = floor / kFloorAbovePeak + in_use / kShareAbovePeak;
        return std::min({risen + in_use, std::max(peak(), in_use) - in_use + above_peak,
                         allowed_by_limit(in_use, limit)});
    }
    // What a limit on the process's memory leaves: nobody goes on above that.
    static std::size_t allowed_by_limit(std::size_t in_use, std::size_t limit) {
        const std::size_t left = limit - std::min(limit, in_use);
        return std::max(left / kShareOfWhatIsLeft, limit / kLeastShareOfLimit);
    }
    // So many dirty slices were purged because they were more than allowed.
    void note_purged(std::size_t slices) { purged_ += slices; }
    // So many slices were taken that were not dirty.
    void note_clean_taken(std::size_t slices) {
        const std::size_t again = std::min(slices, purged_);
        if (again == 0) return;
        purged_ -= again;
        dirty_needed_.add(again);
    }
    void note_in_use(std::size_t in_use) {
        if (in_use > peak()) peak_.store(in_use, std::memory_order_relaxed);
    }

    // In bytes, with so many bytes in use: what may be free in slabs at least, unused or not. In a small heap
    // it weighs more.
    static std::size_t floor_in_slabs(std::size_t in_use, std::size_t dirty_limit) {
        return dirty_limit / (in_use < kSmallHeap ? 2 * kShareInSlabs : kShareInSlabs);
    }
    std::size_t allowed_unused(std::size_t in_use, std::size_t dirty_limit) const {
        const std::size_t floor = floor_in_slabs(in_use, dirty_limit);
        return floor + unused_needed_.kept(kShareOfUnused, floor) + in_use / kShareOfUse;
    }
    // So many bytes serve again that were purged as unused pages.
    void note_unused_needed(std::size_t bytes) { unused_needed_.add(bytes); }

    // Once every purge delay. Of what a peak exceeds the present by an eighth is forgotten.
    void forget(std::size_t in_use) {
        if (peak() > in_use) peak_.store(peak() - (peak() - in_use + 7) / 8, std::memory_order_relaxed);
        dirty_needed_.forget();
        unused_needed_.forget();
        purged_ = 0;
    }

  private:
    static constexpr std::size_t kFloorAbovePeak = 64;
    static constexpr std::size_t kShareAbovePeak = 32;
    static constexpr std::size_t kShareOfWhatIsLeft = 8;
    static constexpr std::size_t kLeastShareOfLimit = 64; // what is in use may never have been touched
    static constexpr std::size_t kShareInSlabs = 8;
    static constexpr std::size_t kSmallHeap = std::size_t{32} << 20;
    static constexpr std::size_t kShareOfUse = 128;
    static constexpr std::size_t kShareOfUnused = 16;

    std::size_t peak() const { return peak_.load(std::memory_order_relaxed); }

    std::atomic<std::size_t> peak_{0}; // the most slices in use of late
    NeededAgain dirty_needed_;
    NeededAgain unused_needed_;
    std::size_t purged_ = 0; // dirty, since the last look, and not needed again yet
};

} // namespace ashlar::layout
