// SPDX-License-Identifier: MIT
// RSS over the time of a run of unknown length, at even distances. When there are kMost points, the distance
// doubles. Short runs have some points, long ones at most kMost, and long runs are disturbed less.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace ashlar::measure {

struct RssPoint {
    double seconds;    // since the start of the command
    std::uint64_t kib; // of the command and its descendants; shared pages count for each
};

class RssCurve {
  public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t kMost = 200;

    void start();
    Clock::time_point due() const { return due_; }  // time of the next look
    void look(const std::vector<pid_t>& processes); // adds a point for all processes of a run

    const std::vector<RssPoint>& points() const { return points_; }

  private:
    void thin_out();

    Clock::time_point start_;
    Clock::time_point due_;
    std::chrono::milliseconds distance_{10};
    std::vector<RssPoint> points_;
};

} // namespace ashlar::measure
