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

// If the A/A interval excludes 1, its distance from 1 is invisible in both directions.
TEST_CASE("verdict: no difference is found that could not have been seen") {
    constexpr Interval kAbove{.low = 1.02, .high = 1.05};
    constexpr Interval kLower{.low = 0.97, .high = 0.99};
    CHECK(judge(0.98, kLower, kAbove) == Verdict::kNoMeasurableDifference);
    CHECK(judge(0.94, {.low = 0.93, .high = 0.95}, kAbove) == Verdict::kLower);
    CHECK(judge(1.02, {.low = 1.01, .high = 1.09}, {.low = 0.999, .high = 1.001}) ==
          Verdict::kNoMeasurableDifference); // half of the interval is 0.04
    CHECK(judge(1.06, {.low = 1.055, .high = 1.065}, kAbove) == Verdict::kHigher);
}

TEST_CASE("verdict: the smallest difference that would have been seen") {
    CHECK(smallest_visible({.low = 1.00, .high = 1.04}, {.low = 0.99, .high = 1.01}) == Approx(0.02));
    CHECK(smallest_visible({.low = 1.00, .high = 1.04}, {.low = 0.94, .high = 1.01}) == Approx(0.06));
    CHECK(smallest_visible({.low = 1.00, .high = 1.04}, {.low = 0.99, .high = 1.10}) == Approx(0.10));
}
