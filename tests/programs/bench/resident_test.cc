// SPDX-License-Identifier: MIT
#include "support/mapped_array.h"
#include "support/resident.h"

#include <catch2/catch.hpp>

using bench::parse_statm;

TEST_CASE("resident memory: the second number of statm, and nothing from what is none") {
    CHECK(parse_statm("646 212 183 6 0 89 0\n") == 212U);
    CHECK(parse_statm("1 0\n") == 0U);
    CHECK(parse_statm("1 18446744073709551615 0") == UINT64_MAX);
    for (const char* const text : {"", "646", "646 ", "646 212", " 212 1", "646 x12 1", "646 -1 1",
                                   "646 2x 1", "1 18446744073709551616 0"}) {
        INFO(text);
        CHECK_FALSE(parse_statm(text));
    }
}

TEST_CASE("resident memory: grows with what is touched, which can be left out") {
    constexpr std::size_t kBytes = std::size_t{32} << 20;
    const std::uint64_t before = bench::resident_bytes(0);
    const bench::MappedArray<char> array(kBytes);
    const std::uint64_t after = bench::resident_bytes(0);
    CHECK(after > before + kBytes / 2);
    CHECK(bench::resident_bytes(array.bytes()) < after - kBytes / 2);
    CHECK(bench::resident_bytes(UINT64_MAX) == 0);
}
