// SPDX-License-Identifier: MIT
#include "guard/secret.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace ashlar::guard; // NOLINT(google-build-using-namespace): the layer under test

TEST_CASE("secret: random numbers stay below their bound and reach all below it") {
    Random random;
    random.start(12345);
    for (const std::uint32_t bound : {1U, 2U, 3U, 14U, 100U}) {
        std::vector<unsigned> seen(bound);
        for (unsigned i = 0; i < bound * 200; ++i) {
            const std::uint32_t number = random.below(bound);
            REQUIRE(number < bound);
            ++seen[number];
        }
        for (const unsigned times : seen) {
            CHECK(times > 200 / 3);
            CHECK(times < 200 * 3);
        }
    }
}

TEST_CASE("secret: each thread has another stream") {
    constexpr unsigned kThreads = 8;
    std::array<std::uint64_t, kThreads> first{};
    for (std::uint64_t& number : first) {
        std::thread([&number] {
            Random& random = start_random();
            REQUIRE(random.started());
            for (int i = 0; i < 2; ++i)
                number = number << 31 | random.below(1U << 31);
        }).join();
    }
    CHECK(std::set(first.begin(), first.end()).size() == kThreads);
}

} // namespace
