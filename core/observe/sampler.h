// SPDX-License-Identifier: MIT
//
// Chooses the requests of a thread that become samples: the points of a Poisson process (poisson.h). Their
// distance changes with the cost of samples (pacing.h).
//
// The thread counts down the bytes that it was allowed (cache/pointer_stacks.h), and asks here when they are
// used up. They reach to the next point, or not so far. In the second case the thread only checks the time,
// and whether points must be closer. The rest of a gap is distributed like a whole gap, so a change may
// stretch or shrink it. A request belongs to the distance that held before it, so no decision depends on the
// request's size.
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
        std::uint64_t (*processor_time)(); // CPU time of this thread, ns
    };

    void seed(std::uint64_t seed) { gaps_.seed(seed); }
    // See Pacing::begin(). Counting begins with the next request.
    void begin(std::size_t least, std::size_t first, std::size_t percent, const Clocks& clocks);

    // Called when a request exceeds the allowance by `excess` bytes, which may be all of its bytes. Returns
    // true if the request is a sample. Sets a new allowance().
    bool reaches_point(std::size_t size, std::size_t excess);
    bool allows_requests() const { return pacing_.distance() != 1; }
    std::size_t allowance() const { return allowance_; }

    std::size_t distance() const { return pacing_.distance(); } // distance of later requests
    // The distance of the last sample, and the number of points in it, which is drawn at each call.
    std::size_t distance_of_sample() const { return distance_; }
    std::uint64_t points_in_sample(std::size_t size);
    // Ends the last sample, and measures its cost if that is wanted.
    void finish_sample();

  private:
    std::size_t gap_before(std::size_t size, std::size_t excess);
    void go_on(std::size_t gap);
    void count_down(std::size_t gap);
    bool choose_distance();

    Gaps gaps_;
    Pacing pacing_;
    const Clocks* clocks_ = nullptr;
    bool is_new_ = true;        // no point is drawn yet
    std::size_t allowance_ = 0; // bytes
    std::size_t left_ = 0;      // bytes between the allowance and the next point
    std::size_t distance_ = 1;  // distance of the last sample
    std::size_t before_ = 0;    // bytes of the last sample before its point
    std::uint64_t asked_ = 0;   // CPU time at the start of a measured sample; 0: not measured
};

} // namespace ashlar::observe
