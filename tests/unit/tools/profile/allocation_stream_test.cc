// SPDX-License-Identifier: MIT
#include "profile/allocation_stream.h"
#include "profile_file.h"

#include <catch2/catch.hpp>
#include <stdexcept>

using namespace ashlar::profile;

TEST_CASE("allocation stream: each look has what came since the one before") {
    ProfileFile file;
    file.map(0x1000, 0x2000, 0, "/usr/bin/subject");
    file.stack(7, {0x1010, 0x1020});
    file.allocate(1, 7, 1000);
    file.allocate(1, 7, 500);
    AllocationStream stream(file.write());
    const auto first = stream.take_new();
    REQUIRE(first.size() == 1);
    CHECK(first.begin()->second == 1500);
    const Stack& stack = stream.stacks().stacks.at(first.begin()->first);
    REQUIRE(stack.size() == 2);
    CHECK(stream.stacks().objects.at(stack[0].object).path == "/usr/bin/subject");
    CHECK(stack[0].offset == 0x10);
    CHECK(stream.take_new().empty());
    file.stack(8, {0x1030});
    file.allocate(2, 8, 30);
    file.allocate(2, 7, 70);
    file.allocate(2, 9, 5); // the file has no such stack
    file.header().reserved = 0;
    file.write();
    const auto second = stream.take_new();
    REQUIRE(second.size() == 3);
    CHECK(second.at(first.begin()->first) == 70);
    CHECK(second.at(0) == 5);
}

TEST_CASE("allocation stream: what is no recording is refused") {
    CHECK_THROWS_AS(AllocationStream("/none"), std::runtime_error);
    CHECK_THROWS_AS(AllocationStream("/proc/self/status"), std::runtime_error);
    ProfileFile other;
    other.header().version = 9;
    CHECK_THROWS_AS(AllocationStream(other.write()), std::runtime_error);
}
