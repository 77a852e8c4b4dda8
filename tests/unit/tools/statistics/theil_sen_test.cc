// SPDX-License-Identifier: MIT
#include "statistics/theil_sen.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>

using namespace ashlar::statistics;

TEST_CASE("Theil-Sen: the example of Sen's paper of 1968") {
    const std::array<Point, 7> points{{{1, 9}, {2, 15}, {3, 19}, {4, 20}, {10, 45}, {12, 55}, {18, 78}}};
    const Line line = theil_sen(points);
    CHECK(line.slope == Approx(4));
    CHECK(line.start == Approx(6)); // the median of y - 4 x: 5, 7, 7, 4, 5, 7, 6
}

TEST_CASE("Theil-Sen: an outlier does not move a line") {
    const Line line = theil_sen(std::array<Point, 5>{{{0, 1}, {1, 3}, {2, 500}, {3, 7}, {4, 9}}});
    CHECK(line.slope == Approx(2));
    CHECK(line.start == Approx(1));
    CHECK(line.at(10) == Approx(21));
}

TEST_CASE("Theil-Sen: points above each other make no line") {
    CHECK(std::isnan(theil_sen({}).slope));
    CHECK(std::isnan(theil_sen(std::array<Point, 2>{{{1, 1}, {1, 2}}}).slope));
    CHECK(theil_sen(std::array<Point, 3>{{{1, 1}, {1, 3}, {2, 4}}}).slope == Approx(2)); // of 3 and 1
}
