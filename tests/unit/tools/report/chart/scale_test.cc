// SPDX-License-Identifier: MIT
#include "report/chart/scale.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

using namespace ashlar::report::chart;

TEST_CASE("scale: linear axes share their length evenly") {
    const Scale scale(Scale::Kind::kLinear, {0, 10}, {100, 300});
    CHECK(scale.place(0) == 100);
    CHECK(scale.place(5) == 200);
    CHECK(scale.place(10) == 300);
}

TEST_CASE("scale: logarithmic axes place equal ratios equally far apart") {
    const Scale scale(Scale::Kind::kLogarithmic, {0.25, 4}, {0, 400});
    CHECK(scale.place(0.5) == Approx(100));
    CHECK(scale.place(1) == Approx(200));
    CHECK(scale.place(2) == Approx(300));
}

TEST_CASE("scale: an axis that points up, and values beyond its ends") {
    const Scale scale(Scale::Kind::kLinear, {0, 10}, {300, 100});
    CHECK(scale.place(2.5) == 250);
    CHECK(scale.place(-5) == 300);
    CHECK(scale.place(99) == 100);
    CHECK(scale.holds(10));
    CHECK_FALSE(scale.holds(10.5));
}

TEST_CASE("ticks: linear ones are round, start at nothing and reach the highest value") {
    CHECK(linear_ticks(97, 5) == std::vector<double>{0, 20, 40, 60, 80, 100});
    CHECK(linear_ticks(100, 5) == std::vector<double>{0, 20, 40, 60, 80, 100});
    CHECK(linear_ticks(101, 5) == std::vector<double>{0, 50, 100, 150});
    const std::vector<double> small = linear_ticks(0.007, 4);
    CHECK(small.size() == 5);
    CHECK(small.back() == Approx(0.008));
}

TEST_CASE("ticks: nothing to show, and what is no number, still give an axis") {
    CHECK(linear_ticks(0, 5) == std::vector<double>{0, 1});
    CHECK(linear_ticks(std::numeric_limits<double>::infinity(), 5) == std::vector<double>{0, 1});
    CHECK(linear_ticks(std::numeric_limits<double>::quiet_NaN(), 5) == std::vector<double>{0, 1});
    const double infinite = std::numeric_limits<double>::infinity();
    const Range range = ratio_range({-infinite, infinite});
    CHECK(range.low < 1);
    CHECK(range.high > 1);
}

TEST_CASE("ticks: ratios have 1 among them, as many as there is room for, all on the axis") {
    const auto [low, high] = GENERATE(table<double, double>({{0.97, 1.02},
                                                             {0.5, 2.0},
                                                             {0.81, 6.4},
                                                             {0.01, 300.0},
                                                             {1.0, 1.0},
                                                             {0.2, 0.9},
                                                             {1.5, 40.0},
                                                             {1e-9, 1e9}}));
    const int most = GENERATE(3, 5, 9);
    INFO(low << " to " << high << ", at most " << most);
    const Range range = ratio_range({low, high});
    CHECK((range.low <= low || low < 1e-4));
    CHECK((range.high >= high || high > 1e8));
    const std::vector<double> ticks = ratio_ticks(range, most);
    CHECK(std::is_sorted(ticks.begin(), ticks.end()));
    CHECK(std::count(ticks.begin(), ticks.end(), 1.0) == 1);
    CHECK(ticks.front() >= range.low);
    CHECK(ticks.back() <= range.high);
    CHECK(static_cast<int>(ticks.size()) <= most);
    if (high / low < 1e3 && most > 3) {
        CHECK(ticks.size() >= 2);
    }
}

TEST_CASE("ticks: words") {
    CHECK(tick_text(0.75) == "0.75");
    CHECK(tick_text(2) == "2");
    CHECK(tick_text(1500) == "1500");
}
