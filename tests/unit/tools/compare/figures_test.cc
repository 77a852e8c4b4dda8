// SPDX-License-Identifier: MIT
#include "compare/figures.h"

#include <catch2/catch.hpp>
#include <stdexcept>

using namespace ashlar::compare;

namespace {

std::optional<double> own(const std::string& pattern, const std::string& output) {
    return read_own_figure({.pattern = pattern}, output);
}

} // namespace

TEST_CASE("own figure: the last match counts, in the last line that has one") {
    CHECK(own("rate: ([0-9.]+)", "rate: 1\nrate: 2 rate: 3.5\nend\n") == 3.5);
    CHECK(own("rate: ([0-9.]+)", "rate: 1\rrate: 2\r") == 2.0); // as redis-benchmark writes its progress
    CHECK(own("^([0-9]+) ops$", "12 ops\n13 ops") == 13.0);
    CHECK(own("t=(.*)s", "t= 1e-3s\n") == 1e-3);
    CHECK(own("(-?[0-9]+)", "x -5 y") == -5.0);
}

TEST_CASE("own figure: what is no number is none") {
    CHECK_FALSE(own("rate: (.*)", "rate: fast\n"));
    CHECK_FALSE(own("rate: (.*)", "rate: nan\n"));
    CHECK_FALSE(own("rate: (.*)", "rate: 5 a second\n"));
    CHECK_FALSE(own("rate: ([0-9]*)", "rate: \n"));
    CHECK_FALSE(own("rate: ([0-9]*)", ""));
    CHECK(own("rate: (.*)", "rate: 5\nrate: fast\n") == 5.0);
}

TEST_CASE("own figure: a line without end is looked at from its end") {
    CHECK(own("rate: ([0-9]+)", std::string(10'000'000, 'x') + "rate: 7") == 7.0);
}

TEST_CASE("own figure: a pattern has one group") {
    CHECK_NOTHROW(check(OwnFigure{.pattern = "(?:a|b): ([0-9]+)"}));
    CHECK_THROWS_AS(check(OwnFigure{.pattern = "[0-9]+"}), std::invalid_argument);
    CHECK_THROWS_AS(check(OwnFigure{.pattern = "(a|b): ([0-9]+)"}), std::invalid_argument);
    CHECK_THROWS_AS(check(OwnFigure{.pattern = "([0-9]+"}), std::invalid_argument);
}

TEST_CASE("output: a line is looked for as a whole") {
    CHECK(has_line("checksum = 5\nmore\n", "checksum = 5"));
    CHECK(has_line("more\nchecksum = 5", "checksum = 5"));
    CHECK_FALSE(has_line("checksum = 55\n", "checksum = 5"));
    CHECK_FALSE(has_line("", "checksum = 5"));
}
