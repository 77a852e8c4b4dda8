// SPDX-License-Identifier: MIT
#include "report/chart/markup.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace ashlar::report::chart;

TEST_CASE("markup: nothing that has a meaning in HTML gets through") {
    CHECK(escaped("<script>alert(1)</script>") == "&lt;script&gt;alert(1)&lt;/script&gt;");
    CHECK(escaped(R"(" onload="x)") == "&quot; onload=&quot;x");
    CHECK(escaped("it's a & b") == "it&#39;s a &amp; b");
    CHECK(escaped("&lt;") == "&amp;lt;");
}

TEST_CASE("markup: other letters stay, control characters do not") {
    CHECK(escaped("± × Größe") == "± × Größe");
    CHECK(escaped(std::string("a\0b\x1b[31m", 8)) == "a\xEF\xBF\xBD"
                                                     "b\xEF\xBF\xBD[31m");
    CHECK(escaped("two\nlines\tand a tab") == "two\nlines\tand a tab");
}

TEST_CASE("markup: numbers are short and always numbers") {
    CHECK(number(12) == "12");
    CHECK(number(12.345) == "12.3");
    CHECK(number(-0.01) == "0");
    CHECK(number(1e7) == "10000000");
    CHECK(number(std::numeric_limits<double>::quiet_NaN()) == "0");
    CHECK(number(std::numeric_limits<double>::infinity()) == "0");
}
