// SPDX-License-Identifier: MIT
//
// How much memory the heap keeps for its next use. There are two reserves. *Dirty* slices are free slices
// that were used, and are warm for the next owner. *Unused* pages are system pages in slabs without any
// block. Both are part of the RSS until they are purged.
//
// Each reserve has a floor, which follows from the setting dirty_limit, and learns. Excess memory that was
// purged, and was needed again before the next look, was purged too early. A share of that is added to the
// floor, up to six times the floor. A look happens once per purge delay, and forgets a quarter of what was
// learned. So a heap that shrinks and grows once keeps little more. One that does so often soon keeps what it
// needs.
//
//   reserve          floor                                   learns
//   dirty slices     dirty_limit + slices in use              all that was needed again
//   unused pages     dirty_limit / 8 + slices in use / 128    a quarter: they come and go in a moment
//
// Dirty slices have two more bounds. Together with the slices in use they are little more than the recent
// peak. So peaks do not rise, and a process that goes idle after a peak does not keep that memory. Under a
// limit on the process's memory they may be 1/8 of what is left of it, and at least 1/64 of the limit. The
// rest of the process needs memory too. docs/experiments.md has the measurements behind each number.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace ashlar::layout {

// The amount that was purged too early, in the caller's unit.
class NeededAgain {
  public:
    void add(std::size_t amount) { amount_.fetch_add(amount, std::memory_order_relaxed); }
    // Returns the amount to keep beyond the floor.
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
    // Returns the number of dirty slices that are allowed. All parameters are in slices.
    std::size_t allowed_dirty(std::size_t in_use, std::size_t floor, std::size_t limit) const {
        const std::size_t risen = floor + dirty_needed_.kept(1, floor);
        const std::size_t above_peak = floor / kFloorAbovePeak + in_use / kShareAbovePeak;
        return std::min({risen + in_use, std::max(peak(), in_use) - in_use + above_peak,
                         allowed_by_limit(in_use, limit)});
    }
    // Returns the dirty slices that a limit on the process's memory allows. Any step purges all above that.
    static std::size_t allowed_by_limit(std::size_t in_use, std::size_t limit) {
        const std::size_t left = limit - std::min(limit, in_use);
        return std::max(left / kShareOfWhatIsLeft, limit / kLeastShareOfLimit);
    }
    // Notes that `slices` dirty slices were purged as excess.
    void note_purged(std::size_t slices) { purged_ += slices; }
    // Notes that `slices` slices were taken that were not dirty.
    void note_clean_taken(std::size_t slices) {
        const std::size_t again = std::min(slices, purged_);
        if (again == 0) return;
        purged_ -= again;
        dirty_needed_.add(again);
    }
    void note_in_use(std::size_t in_use) {
        if (in_use > peak()) peak_.store(in_use, std::memory_order_relaxed);
    }

    // Return bytes, with `in_use` bytes in use: the least that may be free in slabs, and the unused pages
    // that are allowed. Free memory weighs more in a small heap.
    static std::size_t floor_in_slabs(std::size_t in_use, std::size_t dirty_limit) {
        return dirty_limit / (in_use < kSmallHeap ? 2 * kShareInSlabs : kShareInSlabs);
    }
    std::size_t allowed_unused(std::size_t in_use, std::size_t dirty_limit) const {
        const std::size_t floor = floor_in_slabs(in_use, dirty_limit);
        return floor + unused_needed_.kept(kShareOfUnused, floor) + in_use / kShareOfUse;
    }
    // Notes that `bytes` of purged unused pages are used again.
    void note_unused_needed(std::size_t bytes) { unused_needed_.add(bytes); }

    // Called once per purge delay. Forgets an eighth of the peak's excess over the present use.
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
    static constexpr std::size_t kLeastShareOfLimit = 64; // slices in use may never have been touched
    static constexpr std::size_t kShareInSlabs = 8;
    static constexpr std::size_t kSmallHeap = std::size_t{32} << 20;
    static constexpr std::size_t kShareOfUse = 128;
    static constexpr std::size_t kShareOfUnused = 4;

    std::size_t peak() const { return peak_.load(std::memory_order_relaxed); }

    std::atomic<std::size_t> peak_{0}; // slices in use, the recent maximum
    NeededAgain dirty_needed_;
    NeededAgain unused_needed_;
    std::size_t purged_ = 0; // excess slices purged since the last look, and not needed again yet
};

} // namespace ashlar::layout
