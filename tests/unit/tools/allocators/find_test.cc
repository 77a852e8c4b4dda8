// SPDX-License-Identifier: MIT
#include "allocators/find.h"

#include <catch2/catch.hpp>
#include <stdexcept>

using namespace ashlar::allocators;

TEST_CASE("find: System is always the first, and named once") {
    CHECK(select_installed(Breadth::kUsual).found.front().is_system());
    const Selection selection = select({"SYSTEM", "system"});
    REQUIRE(selection.found.size() == 1);
    CHECK(selection.found.front().name == kSystem);
}

TEST_CASE("find: any library under a name of one's own") {
    const Selection selection = select({"mine=/proc/self/exe"});
    REQUIRE(selection.found.size() == 2);
    CHECK(selection.found[1].name == "mine");
    CHECK(selection.found[1].library.starts_with('/'));
    CHECK(selection.found[1].library != "/proc/self/exe"); // the real path, as it stands in /proc/PID/maps
}

TEST_CASE("find: what cannot be had is said") {
    CHECK_THROWS_AS(select({"nonesuch"}), std::invalid_argument);
    CHECK_THROWS_AS(select({"x=/no/such/file.so"}), std::invalid_argument);
    CHECK_THROWS_AS(select({"=/proc/self/exe"}), std::invalid_argument);
    CHECK_THROWS_AS(select({"x=/proc/self/exe", "x=/proc/self/exe"}), std::invalid_argument);
}
