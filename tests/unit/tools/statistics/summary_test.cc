// SPDX-License-Identifier: MIT
#include "statistics/summary.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using ashlar::statistics::geometric_mean;
using ashlar::statistics::median;
using ashlar::statistics::quantile;

TEST_CASE("median: the middle, or the mean of the two in the middle") {
    CHECK(median(std::array{3.0}) == 3.0);
    CHECK(median(std::array{9.0, 1.0, 5.0}) == 5.0);
    CHECK(median(std::array{4.0, 1.0, 3.0, 2.0}) == 2.5);
    CHECK(median(std::array{7.0, 7.0, 7.0, 1.0}) == 7.0);
    CHECK(std::isnan(median({})));
}

TEST_CASE("median: leaves the values in their order") {
    const std::vector<double> values{5, 1, 4};
    CHECK(median(values) == 4);
    CHECK(values == std::vector<double>{5, 1, 4});
}

TEST_CASE("quantile: as R's type 7") {
    const std::array<double, 5> values{15, 20, 35, 40, 50};
    CHECK(quantile(values, 0) == 15);
    CHECK(quantile(values, 1) == 50);
    CHECK(quantile(values, 0.5) == 35);
    CHECK(quantile(values, 0.4) == Approx(29));   // quantile(c(15, 20, 35, 40, 50), 0.4)
    CHECK(quantile(values, 0.975) == Approx(49)); // quantile(c(15, 20, 35, 40, 50), 0.975)
    CHECK(std::isnan(quantile({}, 0.5)));
}

TEST_CASE("geometric mean") {
    CHECK(geometric_mean(std::array{2.0, 8.0}) == Approx(4));
    CHECK(geometric_mean(std::array{0.5, 2.0}) == Approx(1));
    CHECK(geometric_mean(std::array{1.0, 10.0, 100.0}) == Approx(10));
    CHECK(std::isnan(geometric_mean({})));
}
