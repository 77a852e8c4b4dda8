// SPDX-License-Identifier: MIT
//
// Which requests of a thread are samples: the points of a Poisson process (poisson.h) at a distance that
// changes with what samples cost (pacing.h).
//
// The thread counts down bytes that it was allowed (cache/pointer_stacks.h) and asks here when they are used
// up. They reach to the next point, or not so far. Then the thread only looks at the time, and whether the
// points are to be nearer. What is left of a gap is distributed like a whole one, so it may be stretched or
// shrunk by the change. A request belongs to the distance that held before it, whatever is decided at it: so
// nothing depends on its size.
#pragma once

#include "observe/pacing.h"
#include "observe/poisson.h"

#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

class Sampler {
  public:
    struct Clocks {
        std::uint64_t (*now)();            // ns, monotonic
        std::uint64_t (*processor_time)(); // ns, of this thread
    };

    void seed(std::uint64_t seed) { gaps_.seed(seed); }
    // See Pacing::begin(). The next request is the first that counts.
    void begin(std::size_t least, std::size_t first, std::size_t percent, const Clocks& clocks);

    // A request has used up what was allowed, with so many bytes more, or with all of it. True if it is a
    // sample. Then allowance() is new.
    bool reaches_point(std::size_t size, std::size_t excess);
    bool allows_requests() const { return pacing_.distance() != 1; }
    std::size_t allowance() const { return allowance_; }

    std::size_t distance() const { return pacing_.distance(); } // for requests to come
    // Of the last sample: the distance that it was taken with, and the points in it, drawn at each call.
    std::size_t distance_of_sample() const { return distance_; }
    std::uint64_t points_in_sample(std::size_t size);
    // The last sample has been dealt with.
    void finish_sample();

  private:
    std::size_t gap_before(std::size_t size, std::size_t excess);
    void go_on(std::size_t gap);
    void count_down(std::size_t gap);
    bool choose_distance();

    Gaps gaps_;
    Pacing pacing_;
    const Clocks* clocks_ = nullptr;
    bool is_new_ = true;        // no point is drawn
    std::size_t allowance_ = 0; // bytes
    std::size_t left_ = 0;      // bytes before the next point, behind those that are allowed
    std::size_t distance_ = 1;  // of the last sample
    std::size_t before_ = 0;    // bytes of its request before its point
    std::uint64_t asked_ = 0;   // processor time when it was asked for, if what it costs is measured
};

} // namespace ashlar::observe
