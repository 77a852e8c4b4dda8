// SPDX-License-Identifier: MIT
#include "measure/processes.h"
#include "measure/rss_curve.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <unistd.h>

using namespace ashlar::measure;

TEST_CASE("RSS curve: however long it is followed, there are some points and never too many") {
    RssCurve curve;
    curve.start();
    std::vector<RssCurve::Clock::duration> distances;
    for (int look = 0; look < 1000; ++look) {
        curve.look({getpid()});
        distances.push_back(curve.due() - RssCurve::Clock::now());
        CHECK(curve.points().size() < RssCurve::kMost);
    }
    CHECK(curve.points().size() >= RssCurve::kMost / 2);
    CHECK(distances.back() > distances.front()); // the distance grows with the number of points
    CHECK(std::is_sorted(
        curve.points().begin(), curve.points().end(),
        [](const RssPoint& one, const RssPoint& other) { return one.seconds < other.seconds; }));
    for (const RssPoint& point : curve.points()) {
        CHECK(point.kib > 100);
    }
}

TEST_CASE("RSS curve: a process that is gone adds no point") {
    RssCurve curve;
    curve.start();
    constexpr pid_t kNobody = 1 << 30; // exceeds every process id
    curve.look({kNobody});
    CHECK(curve.points().empty());
    CHECK(rss_kib(kNobody) == 0);
    CHECK_FALSE(any_listens({kNobody}));
}
