// SPDX-License-Identifier: MIT
#include "report/progress_line.h"

#include <catch2/catch.hpp>

using namespace ashlar::report;

TEST_CASE("progress: a bar fills from the left and is full only at the end") {
    CHECK(progress_bar(0, 10, 10) == "[..........]   0 %");
    CHECK(progress_bar(1, 4, 8) == "[##......]  25 %");
    CHECK(progress_bar(999, 1000, 10) == "[#########.]  99 %");
    CHECK(progress_bar(10, 10, 10) == "[##########] 100 %");
    CHECK(progress_bar(0, 0, 4) == "[....]   0 %");
}

TEST_CASE("progress: times as people say them") {
    CHECK(duration_text(0) == "1 s");
    CHECK(duration_text(44.2) == "45 s");
    CHECK(duration_text(720) == "12 min");
    CHECK(duration_text(7800) == "2 h 10 min");
}
