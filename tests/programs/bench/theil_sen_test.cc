// SPDX-License-Identifier: MIT
#include "support/theil_sen.h"

#include <catch2/catch.hpp>
#include <vector>

using bench::drift_percent;
using bench::Line;
using bench::theil_sen;

TEST_CASE("Theil-Sen: a line is found as it is, also under an outlier") {
    const Line exact = theil_sen(std::vector<double>{1, 3, 5, 7, 9});
    CHECK(exact.slope == Approx(2));
    CHECK(exact.start == Approx(1));
    const Line disturbed = theil_sen(std::vector<double>{1, 3, 500, 7, 9, 11, 13});
    CHECK(disturbed.slope == Approx(2));
    CHECK(disturbed.start == Approx(1));
    CHECK(theil_sen(std::vector<double>{4, 3}).slope == Approx(-1));
    CHECK(theil_sen(std::vector<double>{4, 4, 4}).slope == Approx(0).margin(1e-12));
}

// The slopes of {2, 3, 7, 5} are 1, 4, -2, 5/2, 1, 1. In order they are -2, 1, 1, 1, 5/2, 4: the median is 1.
// Less the slope the values are 2, 2, 5, 2. Those of {0, 1, 5, 2} are 1, 4, -3, 5/2, 1/2, 2/3, the middle two
// 2/3 and 1.
TEST_CASE("Theil-Sen: vectors worked out by hand") {
    const Line odd_slopes = theil_sen(std::vector<double>{2, 3, 7, 5});
    CHECK(odd_slopes.slope == Approx(1));
    CHECK(odd_slopes.start == Approx(2));
    const Line middle_two = theil_sen(std::vector<double>{0, 1, 5, 2});
    CHECK(middle_two.slope == Approx(5.0 / 6));
    CHECK(middle_two.start == Approx(1.0 / 12)); // of 0, 1/6, 10/3, -1/2
}

TEST_CASE("drift: from the second value to the last, in percent of the second") {
    CHECK(drift_percent(std::vector<double>{1e9, 100, 101, 102, 103}) == Approx(3));
    CHECK(drift_percent(std::vector<double>{0, 200, 190}) == Approx(-5));
    CHECK(drift_percent(std::vector<double>{7, 5, 5, 5}) == Approx(0).margin(1e-9));
}
