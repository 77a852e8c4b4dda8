// SPDX-License-Identifier: MIT
#include "allocators/find.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>

using namespace ashlar::allocators;

TEST_CASE("find: System is always the first, and named once") {
    CHECK(select_installed(Breadth::kUsual).found.front().is_system());
    const Selection selection = select({"SYSTEM", "system"});
    REQUIRE(selection.found.size() == 1);
    CHECK(selection.found.front().name == kSystem);
}

TEST_CASE("find: all without Ashlar are those with it but for one") {
    const auto has_ashlar = [](const Selection& selection) {
        return std::any_of(selection.found.begin(), selection.found.end(),
                           [](const Allocator& each) { return each.name == "ashlar"; });
    };
    for (const Breadth breadth : {Breadth::kUsual, Breadth::kEverything}) {
        const Selection with = select_installed(breadth);
        const Selection without = select_installed(breadth, false);
        CHECK_FALSE(has_ashlar(without));
        CHECK(with.found.size() == without.found.size() + (has_ashlar(with) ? 1 : 0));
    }
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
