// SPDX-License-Identifier: MIT
#include "statistics/random_order.h"
#include "statistics/ratio_of_medians.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace ashlar::statistics;

namespace {

std::vector<double> noisy(std::mt19937_64& generator, std::size_t count, double around) {
    std::vector<double> values;
    for (std::size_t index = 0; index < count; ++index) {
        values.push_back(around * (0.9 + 0.2 * static_cast<double>(below(generator, 1000)) / 1000));
    }
    return values;
}

} // namespace

TEST_CASE("ratio of medians: constant samples have an interval without width") {
    const std::vector<double> six(6, 3.0);
    const std::vector<double> seven(7, 2.0);
    const Interval interval = ratio_of_medians_interval(six, seven);
    CHECK(interval.low == 1.5);
    CHECK(interval.high == 1.5);
}

TEST_CASE("ratio of medians: unknown for few values, or nothing to divide by") {
    const std::vector<double> four{1, 2, 3, 4};
    const std::vector<double> five{1, 2, 3, 4, 5};
    const std::vector<double> with_zero{0, 1, 2, 3, 4};
    CHECK(std::isinf(ratio_of_medians_interval(four, five).high));
    CHECK(std::isinf(ratio_of_medians_interval(five, four).low));
    CHECK(std::isinf(ratio_of_medians_interval(five, with_zero).high));
    CHECK(std::isfinite(ratio_of_medians_interval(with_zero, five).high));
}

TEST_CASE("ratio of medians: the truth is inside about as often as is promised") {
    std::mt19937_64 generator(42);
    int inside = 0;
    constexpr int kTrials = 200;
    for (int trial = 0; trial < kTrials; ++trial) {
        const auto above = noisy(generator, 15, 1.5);
        const auto beneath = noisy(generator, 15, 1.0);
        inside += ratio_of_medians_interval(above, beneath, {.resamples = 400}).contains(1.5) ? 1 : 0;
    }
    CHECK(inside >= 180);
    CHECK(inside < kTrials); // an interval that always includes the truth is useless
}
