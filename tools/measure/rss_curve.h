// SPDX-License-Identifier: MIT
// Memory over the time of a run of unknown length: points at even distances, which double whenever there
// would be too many. So a run of milliseconds has some points, and one of hours no more than kMost. The
// longer it runs the less it is disturbed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace ashlar::measure {

struct RssPoint {
    double seconds;    // since the command was started
    std::uint64_t kib; // of the command and its children; what they share is counted for each
};

class RssCurve {
  public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t kMost = 200;

    void start();
    Clock::time_point due() const { return due_; }  // when the next look is wanted
    void look(const std::vector<pid_t>& processes); // adds a point: all of a run

    const std::vector<RssPoint>& points() const { return points_; }

  private:
    void thin_out();

    Clock::time_point start_;
    Clock::time_point due_;
    std::chrono::milliseconds distance_{10};
    std::vector<RssPoint> points_;
};

} // namespace ashlar::measure
