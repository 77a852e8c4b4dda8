// SPDX-License-Identifier: MIT
#include "report/csv.h"

#include <catch2/catch.hpp>

using namespace ashlar::report;

TEST_CASE("csv: fields are quoted where they have to be") {
    CHECK(csv_field("plain") == "plain");
    CHECK(csv_field("") == "");
    CHECK(csv_field("larson, 2 threads") == "\"larson, 2 threads\"");
    CHECK(csv_field("a \"word\"") == "\"a \"\"word\"\"\"");
    CHECK(csv_field("two\nlines") == "\"two\nlines\"");
    CHECK(csv_field("dos\r") == "\"dos\r\"");
}

TEST_CASE("csv: results with other columns share one table") {
    Findings one;
    one.columns = {"a", "b"};
    one.samples = {{{"1", "2"}}, {{"3", "x,y"}}};
    Findings other;
    other.columns = {"b", "c"};
    other.samples = {{{"4", "5"}}};
    CHECK(csv({one, other}) == "a,b,c\n"
                               "1,2,\n"
                               "3,\"x,y\",\n"
                               ",4,5\n");
}
