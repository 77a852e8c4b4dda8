// SPDX-License-Identifier: MIT
#include "statistics/proportion.h"

#include <catch2/catch.hpp>

using ashlar::statistics::proportion_interval;

TEST_CASE("proportion: the examples of Newcombe's comparison of 1998, Wilson's score method") {
    CHECK(proportion_interval(81, 263).low == Approx(0.2553).margin(5e-5));
    CHECK(proportion_interval(81, 263).high == Approx(0.3662).margin(5e-5));
    CHECK(proportion_interval(15, 148).low == Approx(0.0624).margin(5e-5));
    CHECK(proportion_interval(15, 148).high == Approx(0.1605).margin(5e-5));
    CHECK(proportion_interval(0, 20).low == 0);
    CHECK(proportion_interval(0, 20).high == Approx(0.1611).margin(5e-5));
    CHECK(proportion_interval(1, 29).low == Approx(0.0061).margin(5e-5));
    CHECK(proportion_interval(1, 29).high == Approx(0.1718).margin(5e-5));
}

TEST_CASE("proportion: what always happens, and what was never tried") {
    CHECK(proportion_interval(20, 20).high == Approx(1));
    CHECK(proportion_interval(20, 20).low == Approx(1 - 0.1611).margin(5e-5));
    CHECK(proportion_interval(0, 0).low == 0);
    CHECK(proportion_interval(0, 0).high == 1);
}
