// SPDX-License-Identifier: MIT
#include "statistics/theil_sen.h"

#include "statistics/summary.h"

namespace ashlar::statistics {

Line theil_sen(std::span<const Point> points) {
    std::vector<double> slopes;
    slopes.reserve(points.size() * points.size() / 2);
    for (std::size_t right = 1; right < points.size(); ++right) {
        for (std::size_t left = 0; left < right; ++left) {
            if (points[left].x != points[right].x) {
                slopes.push_back((points[right].y - points[left].y) / (points[right].x - points[left].x));
            }
        }
    }
    const double slope = median(slopes);
    std::vector<double> starts;
    starts.reserve(points.size());
    for (const Point& point : points) {
        starts.push_back(point.y - slope * point.x);
    }
    return {.slope = slope, .start = median(starts)};
}

} // namespace ashlar::statistics
