// SPDX-License-Identifier: MIT
#include "os/clock.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <ctime>

namespace {

using ashlar::os::nanoseconds;
using ashlar::os::ticks;

std::uint64_t now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

TEST_CASE("clock: ticks are turned into the time that passes meanwhile") {
    nanoseconds(1); // measures the tick rate
    // The ticks are read between two clock readings on either side, so interruptions do no harm.
    const std::uint64_t outer_start = now();
    const std::uint64_t first = ticks();
    const std::uint64_t inner_start = now();
    while (now() - inner_start < 20'000'000) {
    }
    const std::uint64_t inner_end = now();
    const std::uint64_t last = ticks();
    const std::uint64_t outer_end = now();
    const std::uint64_t passed = nanoseconds(last - first);
    CAPTURE(inner_end - inner_start, passed, outer_end - outer_start);
    CHECK(passed >= (inner_end - inner_start) / 100 * 98);
    CHECK(passed <= (outer_end - outer_start) / 100 * 102);
}

TEST_CASE("clock: years of ticks are turned, too") {
    CHECK(nanoseconds(0) == 0);
    const std::uint64_t year = 365ULL * 24 * 3600 * 1'000'000'000;
    const std::uint64_t of_second = nanoseconds(1'000'000'000);
    const std::uint64_t of_many = nanoseconds(year);
    CHECK(of_many / (year / 1'000'000'000) / 1000 == of_second / 1000);
}

} // namespace
