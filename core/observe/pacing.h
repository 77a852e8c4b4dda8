// SPDX-License-Identifier: MIT
//
// Sets the distance of a thread's samples, so that they cost at most a share of its CPU time.
//
// The requested distance is the least. A program that allocates 100 GB a second has 200 000 samples a second
// at 512 KiB, which is a fifth of its time. So each thread checks after every kWindow samples. It compares
// its CPU time since the last check with the cost of the samples, and chooses a new mean distance. A thread
// with a stretched distance also checks after kLongWindow, so that the distance can shrink.
//
// Estimates are unbiased, because a distance depends on the past only. A new distance holds from the next
// request on. Each sample is recorded with its distance.
//
// Nothing here reads a clock. Callers pass times in ns.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

class Pacing {
  public:
    static constexpr std::uint32_t kWindow = 32;              // samples
    static constexpr std::uint64_t kLongWindow = 100'000'000; // ns

    // Sets the least mean distance, the first distance, and the share of CPU time in percent. A share of 0 or
    // of 100 and more is no bound. A distance of 1 means every block, also without a bound.
    void begin(std::size_t least, std::size_t first, std::size_t percent);

    std::size_t distance() const { return distance_; }
    bool is_bounded() const { return percent_ != 0; }
    bool is_stretched() const { return distance_ > least_; }

    // Counts a sample that is about to be taken. Returns true if the caller must measure its cost.
    bool count() { return is_bounded() && samples_++ % kMeasured == 0; }
    void measured(std::uint64_t nanoseconds);

    // Returns whether choose() is due. `now` may be 0 unless the distance is stretched.
    bool is_over(std::uint64_t now) const;
    // Chooses the distance. `now` is monotonic, and `processor_time` is the thread's CPU time so far.
    void choose(std::uint64_t now, std::uint64_t processor_time);

  private:
    static constexpr std::uint32_t kMeasured = 16; // one of this many samples is measured

    std::size_t least_ = 1;
    std::size_t distance_ = 1;
    std::uint64_t began_ = 0;           // start of the window, monotonic
    std::uint64_t processor_began_ = 0; // start of the window in CPU time; 0: unknown
    std::uint64_t cost_ = 2000;         // recent mean cost of a sample and its release, ns
    std::uint32_t samples_ = 0;         // samples in the window
    std::uint32_t percent_ = 0;
};

} // namespace ashlar::observe
