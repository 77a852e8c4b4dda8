// SPDX-License-Identifier: MIT
#include "measure/rss_curve.h"

#include "measure/processes.h"

namespace ashlar::measure {

void RssCurve::start() {
    start_ = Clock::now();
    due_ = start_ + distance_;
}

void RssCurve::look(const std::vector<pid_t>& processes) {
    std::uint64_t kib = 0;
    for (const pid_t each : processes) {
        kib += rss_kib(each);
    }
    const Clock::time_point now = Clock::now();
    if (kib > 0) { // false: the run has just ended
        points_.push_back({.seconds = std::chrono::duration<double>(now - start_).count(), .kib = kib});
    }
    if (points_.size() == kMost) {
        thin_out();
    }
    due_ = now + distance_;
}

// Drops every second point, and keeps the last one.
void RssCurve::thin_out() {
    std::vector<RssPoint> kept;
    kept.reserve(kMost);
    for (std::size_t index = 1; index < points_.size(); index += 2) {
        kept.push_back(points_[index]);
    }
    points_ = std::move(kept);
    distance_ *= 2;
}

} // namespace ashlar::measure
