// SPDX-License-Identifier: MIT
#include "observe/pacing.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>

namespace {

using ashlar::observe::Pacing;

constexpr std::size_t kLeast = std::size_t{512} << 10;
constexpr double kCost = 2500; // ns; measured() derives it from 1000

// A thread that only allocates, `bytes_per_ns` bytes per ns of CPU time. The clocks are its own.
struct Thread {
    Pacing pacing{};
    double bytes_per_ns = 1;
    double processor = 1e6; // ns
    double of_day = 1e9;
    double cost = 0; // total, in ns
    std::uint64_t samples = 0;

    std::uint64_t now() const { return static_cast<std::uint64_t>(of_day); }
    std::uint64_t processor_time() const { return static_cast<std::uint64_t>(processor); }

    void pass(double nanoseconds) {
        processor += nanoseconds;
        of_day += nanoseconds;
    }

    void begin(std::size_t least, std::size_t percent) {
        pacing.begin(least, 0, percent);
        pacing.choose(now(), processor_time());
    }

    // Passes the mean distance and takes the next sample.
    void take() {
        pass(static_cast<double>(pacing.distance()) / bytes_per_ns + kCost);
        cost += kCost;
        ++samples;
        if (pacing.count()) pacing.measured(1000);
        if (pacing.is_over(now())) pacing.choose(now(), processor_time());
    }

    // Returns the samples' share of CPU time, in percent.
    double share_of(int count) {
        const double before = processor;
        cost = 0;
        for (int i = 0; i < count; ++i)
            take();
        return 100 * cost / (processor - before);
    }
};

TEST_CASE("pacing: who allocates little gets the distance that was asked for") {
    Thread thread;
    thread.bytes_per_ns = 1; // 1 GB/s: 3 ms of samples per second
    thread.begin(kLeast, 2);
    for (int i = 0; i < 1000; ++i) {
        thread.take();
        REQUIRE(thread.pacing.distance() == kLeast);
    }
    REQUIRE_FALSE(thread.pacing.is_stretched());
}

TEST_CASE("pacing: samples cost the share that they may, at any speed") {
    const double speed = GENERATE(20.0, 100.0, 1000.0);
    const std::size_t percent = GENERATE(1, 2, 5, 20);
    const std::size_t least = GENERATE(std::size_t{kLeast}, std::size_t{16} << 10);
    Thread thread;
    thread.bytes_per_ns = speed;
    thread.begin(least, percent);
    CAPTURE(speed, percent, least);
    const double unbounded = 100 / (1 + static_cast<double>(least) / speed / kCost);
    CAPTURE(unbounded);
    const double at_first = thread.share_of(Pacing::kWindow);
    REQUIRE(at_first == Approx(unbounded).epsilon(0.1));
    thread.share_of(4 * Pacing::kWindow);
    const double share = thread.share_of(2000);
    REQUIRE(share < 1.05 * static_cast<double>(percent));
    REQUIRE(share > 0.9 * std::min(unbounded, static_cast<double>(percent)));
}

TEST_CASE("pacing: the distance comes back when the thread slows down") {
    Thread thread;
    thread.bytes_per_ns = 100;
    thread.begin(kLeast, 2);
    thread.share_of(500);
    REQUIRE(thread.pacing.distance() > 4 * kLeast);
    thread.bytes_per_ns = 0.001; // 1 MB/s
    // Time alone shortens the distance. Samples alone would take minutes.
    for (int i = 0; i < 4; ++i) {
        REQUIRE_FALSE(thread.pacing.is_over(thread.now()));
        thread.pass(static_cast<double>(Pacing::kLongWindow));
        if (!thread.pacing.is_stretched()) break;
        REQUIRE(thread.pacing.is_over(thread.now()));
        thread.pacing.choose(thread.now(), thread.processor_time());
    }
    REQUIRE(thread.pacing.distance() == kLeast);
}

TEST_CASE("pacing: time in which the thread did not run counts for nothing") {
    Thread thread;
    thread.bytes_per_ns = 100;
    thread.begin(kLeast, 2);
    thread.share_of(500);
    const std::size_t before = thread.pacing.distance();
    for (int i = 0; i < 20; ++i) {
        thread.share_of(100);
        thread.of_day += 1e10; // the thread waits, and then continues as before
    }
    REQUIRE(thread.pacing.distance() > before / 2);
}

TEST_CASE("pacing: a sample that took long by chance changes little, samples that all do change much") {
    Thread thread;
    thread.bytes_per_ns = 100;
    thread.begin(kLeast, 2);
    thread.share_of(2000);
    const std::size_t before = thread.pacing.distance();
    thread.pacing.measured(1'000'000'000);
    thread.share_of(Pacing::kWindow);
    REQUIRE(thread.pacing.distance() < 3 * before);
    thread.share_of(500);
    REQUIRE(thread.pacing.distance() < 2 * before);
    for (int i = 0; i < 40; ++i)
        thread.pacing.measured(10'000);
    thread.share_of(Pacing::kWindow);
    REQUIRE(thread.pacing.distance() > 3 * before);
}

TEST_CASE("pacing: no share and all of it are no bound; nor is there one for every block") {
    const std::size_t least = GENERATE(std::size_t{kLeast}, std::size_t{1});
    const std::size_t percent = GENERATE(0, 2, 100, 1000);
    CAPTURE(least, percent);
    if (least != 1 && percent == 2) return;
    Thread thread;
    thread.bytes_per_ns = 1000;
    thread.begin(least, percent);
    thread.share_of(1000);
    REQUIRE(thread.pacing.distance() == least);
    REQUIRE_FALSE(thread.pacing.is_bounded());
}

TEST_CASE("pacing: another thread's distance is one to begin with") {
    Pacing pacing;
    pacing.begin(kLeast, 8 * kLeast, 2);
    REQUIRE(pacing.distance() == 8 * kLeast);
    pacing.begin(kLeast, 1, 2);
    REQUIRE(pacing.distance() == kLeast);
    pacing.begin(kLeast, 8 * kLeast, 0);
    REQUIRE(pacing.distance() == kLeast);
}

} // namespace
