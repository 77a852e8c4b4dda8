// SPDX-License-Identifier: MIT
#include "commands/number_range.h"

#include <catch2/catch.hpp>

using namespace ashlar::commands;

TEST_CASE("numbers: what is below the least is refused, with a sentence") {
    const auto size = [](std::uint64_t least, std::string text) {
        const std::string why = size_in_bytes(least)(text);
        return why.empty() ? text : why;
    };
    CHECK(size(0, "0") == "0");
    CHECK(size(1, "1") == "1");
    CHECK(size(1, "512K") == "524288");
    CHECK(size(1, "0") == "'0' is too small: the least is 1");
    CHECK(size(kLeastRecording, "1K") == "'1K' is too small: the least is 262144");
    CHECK(size(kLeastRecording, "256K") == "262144");
    CHECK(size(0, "-5") == "'-5' is no size: it is below 0");
    CHECK(size(0, "-5M") == "'-5M' is no size: it is below 0");

    CHECK(whole_number()(std::string("0")).empty());
    CHECK(whole_number()(std::string("20000")).empty());
    CHECK(whole_number()(std::string("-1")) == "'-1' is no whole number from 0");
    CHECK(whole_number()(std::string("1.5")) == "'1.5' is no whole number from 0");
}
