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
    const std::vector<double> ratios = ratio_ticks({-infinite, infinite}, 9);
    CHECK(ratios.front() <= 0.95);
    CHECK(ratios.back() >= 1.05);
}

TEST_CASE("ticks: ratios enclose the data and have 1 among them, as many as there is room for") {
    const auto [low, high] = GENERATE(table<double, double>({{0.97, 1.02},
                                                             {0.5, 2.0},
                                                             {0.81, 6.4},
                                                             {0.01, 300.0},
                                                             {1.0, 1.0},
                                                             {0.2, 0.9},
                                                             {1.5, 40.0},
                                                             {1e-9, 1e9}}));
    const int most = GENERATE(5, 9);
    const std::vector<double> ticks = ratio_ticks({low, high}, most);
    INFO(low << " to " << high << ", at most " << most);
    CHECK(std::is_sorted(ticks.begin(), ticks.end()));
    CHECK(std::count(ticks.begin(), ticks.end(), 1.0) == 1);
    CHECK(ticks.front() <= std::max(low, 1e-4));
    CHECK(ticks.back() >= std::min(high, 1e8));
    if (high / low < 1e3) {
        CHECK(static_cast<int>(ticks.size()) <= most);
    }
}

TEST_CASE("ticks: words") {
    CHECK(tick_text(0.75) == "0.75");
    CHECK(tick_text(2) == "2");
    CHECK(tick_text(1500) == "1500");
}
