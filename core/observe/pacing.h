// SPDX-License-Identifier: MIT
//
// How far apart a thread's samples are, so that they cost no more than a share of its processor time.
//
// The distance that was asked for is the least. A program that allocates 100 GB a second has 200 000 samples
// a second with 512 KiB, which is a fifth of its time. So each thread looks at every kWindow samples. It
// compares its processor time since the look before with what the samples cost of it, and chooses the mean
// distance anew. Where it is stretched the thread also looks after kLongWindow, so that it comes back.
//
// Estimates stay unbiased, because a distance is chosen by what has happened only. It holds from the request
// behind the one at which it was chosen. Each sample is recorded with the distance that it was taken with.
//
// Nothing here reads a clock: whoever does tells the times, in nanoseconds.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

class Pacing {
  public:
    static constexpr std::uint32_t kWindow = 32;              // samples
    static constexpr std::uint64_t kLongWindow = 100'000'000; // ns

    // The least mean distance, the one to begin with, and the share of the time in percent. A share of 0 or
    // of 100 and above is no bound; nor is there one for a distance of 1, which means every block.
    void begin(std::size_t least, std::size_t first, std::size_t percent);

    std::size_t distance() const { return distance_; }
    bool is_bounded() const { return percent_ != 0; }
    bool is_stretched() const { return distance_ > least_; }

    // The thread has taken a sample. True if its cost is to be measured, from before it is taken.
    bool count() { return is_bounded() && samples_++ % kMeasured == 0; }
    void measured(std::uint64_t nanoseconds);

    // Whether it is time to choose(). Only a stretched distance asks for the time of day, which may be 0
    // otherwise.
    bool is_over(std::uint64_t now) const;
    // The time of day, and the processor time of the thread so far.
    void choose(std::uint64_t now, std::uint64_t processor_time);

  private:
    static constexpr std::uint32_t kMeasured = 16; // one sample in so many

    std::size_t least_ = 1;
    std::size_t distance_ = 1;
    std::uint64_t began_ = 0;           // the window: time of day
    std::uint64_t processor_began_ = 0; // and processor time; 0: not known
    std::uint64_t cost_ = 2000;         // of a sample and its release, ns, in the mean of late
    std::uint32_t samples_ = 0;         // in the window
    std::uint32_t percent_ = 0;
};

} // namespace ashlar::observe
