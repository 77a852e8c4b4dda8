// SPDX-License-Identifier: MIT
#include "report/ratio_text.h"

#include <catch2/catch.hpp>
#include <limits>

using ashlar::report::number_text;
using ashlar::report::ratio_text;

TEST_CASE("ratio text: one notation, with both ends and the same decimals") {
    CHECK(ratio_text(1.01, {.low = 0.74, .high = 1.16}) == "1.01× (0.74 to 1.16)");
    CHECK(ratio_text(3.3784, {.low = 3.28, .high = 3.481}) == "3.38× (3.28 to 3.48)");
    CHECK(ratio_text(12.34, {.low = 9.876, .high = 101.0}) == "12.3× (9.9 to 101.0)");
    CHECK(ratio_text(0.0123, {.low = 0.01, .high = 0.02}) == "0.012× (0.010 to 0.020)");
    CHECK(ratio_text(0.00123, {.low = 0.001, .high = 0.002}) == "0.0012× (0.0010 to 0.0020)");
    CHECK(ratio_text(150.4, {.low = 149.6, .high = 151}) == "150× (150 to 151)");
    CHECK(ratio_text(1.5) == "1.50×");
    CHECK(ratio_text(0) == "0.00×");
}

TEST_CASE("ratio text: an interval that leaves 1 is seen to do so") {
    CHECK(ratio_text(0.996, {.low = 0.993, .high = 0.999}) == "0.996× (0.993 to 0.999)");
    CHECK(ratio_text(1.0021, {.low = 1.0004, .high = 1.0031}) == "1.0021× (1.0004 to 1.0031)");
    CHECK(ratio_text(1.002, {.low = 0.999, .high = 1.004}) == "1.00× (1.00 to 1.00)");
    CHECK(ratio_text(1, {.low = 1, .high = 1}) == "1.00× (1.00 to 1.00)");
    CHECK(ratio_text(1.1, {.low = 1.00000001, .high = 1.2}) == "1.1000× (1.0000 to 1.2000)");
}

TEST_CASE("ratio text: an interval that is not known is said to be so") {
    constexpr double kInfinite = std::numeric_limits<double>::infinity();
    CHECK(ratio_text(0.5, {.low = -kInfinite, .high = kInfinite}) == "0.50× (interval unknown)");
    CHECK(number_text(12, {.low = -kInfinite, .high = kInfinite}, 1) == "12.0 (interval unknown)");
}

TEST_CASE("ratio text: three digits of a figure count, so that ratios can be seen in it") {
    CHECK(number_text(1.544, 1) == "1.54");
    CHECK(number_text(0.1234, 1) == "0.123");
    CHECK(number_text(15.44, 1) == "15.4");
    CHECK(number_text(154.4, 1) == "154");
    CHECK(number_text(154.4, 2) == "154.4");
    CHECK(number_text(0, 1) == "0.0");
    CHECK(number_text(12.34, {.low = 12.06, .high = 12.55}, 1) == "12.3 (12.1 to 12.6)");
}
