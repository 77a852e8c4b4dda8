// SPDX-License-Identifier: MIT
#include "report/chart/svg.h"
#include "report/slots.h"

#include <catch2/catch.hpp>
#include <set>

using ashlar::report::slots_of;

TEST_CASE("slots: an allocator has its own, whoever stands beside it") {
    const auto all = slots_of({"System", "jemalloc", "mimalloc", "ashlar"});
    const auto some = slots_of({"System", "ashlar", "mimalloc"});
    CHECK(all[0] == 0);
    CHECK(some[1] == all[3]);
    CHECK(some[2] == all[2]);
    CHECK(slots_of({"mine"}) == slots_of({"mine"}));
}

TEST_CASE("slots: as long as there are some left nobody shares one") {
    const std::vector<std::string> names{"System", "jemalloc", "one", "two",  "three",
                                         "four",   "five",     "six", "seven"};
    const auto slots = slots_of(names);
    CHECK(std::set<std::size_t>(slots.begin(), slots.end()).size() == ashlar::report::chart::kSlots);
    for (const std::size_t slot : slots_of(std::vector<std::string>(40, "same"))) {
        CHECK(slot < ashlar::report::chart::kSlots);
    }
}
