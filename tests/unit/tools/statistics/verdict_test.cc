// SPDX-License-Identifier: MIT
#include "statistics/verdict.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace ashlar::statistics;

TEST_CASE("verdict: a difference leaves 1 and the noise behind") {
    constexpr Interval kQuiet{.low = 0.99, .high = 1.01};
    CHECK(judge(1.05, {.low = 1.03, .high = 1.07}, kQuiet) == Verdict::kHigher);
    CHECK(judge(0.95, {.low = 0.93, .high = 0.97}, kQuiet) == Verdict::kLower);
    CHECK(judge(1.05, {.low = 0.99, .high = 1.12}, kQuiet) == Verdict::kNoMeasurableDifference);
    CHECK(judge(0.95, {.low = 0.89, .high = 1.00}, kQuiet) == Verdict::kNoMeasurableDifference);
    CHECK(judge(1.05, {.low = 1.00, .high = 1.12}, kQuiet) == Verdict::kNoMeasurableDifference);
}

TEST_CASE("verdict: what the reference shows against itself is no difference") {
    constexpr Interval kNoisy{.low = 0.92, .high = 1.08};
    CHECK(judge(1.05, {.low = 1.03, .high = 1.07}, kNoisy) == Verdict::kNoMeasurableDifference);
    CHECK(judge(0.95, {.low = 0.93, .high = 0.97}, kNoisy) == Verdict::kNoMeasurableDifference);
    CHECK(judge(1.20, {.low = 1.10, .high = 1.30}, kNoisy) == Verdict::kHigher);
    constexpr double kInfinite = std::numeric_limits<double>::infinity();
    CHECK(judge(9, {.low = -kInfinite, .high = kInfinite}, {.low = 1, .high = 1}) ==
          Verdict::kNoMeasurableDifference);
}

TEST_CASE("verdict: the smallest difference that would have been seen") {
    CHECK(smallest_visible({.low = 1.00, .high = 1.04}, {.low = 0.99, .high = 1.01}) == Approx(0.02));
    CHECK(smallest_visible({.low = 1.00, .high = 1.04}, {.low = 0.94, .high = 1.01}) == Approx(0.06));
    CHECK(smallest_visible({.low = 1.00, .high = 1.04}, {.low = 0.99, .high = 1.10}) == Approx(0.10));
}
