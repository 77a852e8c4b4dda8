// SPDX-License-Identifier: MIT
#include "../support/child.h"
#include "guard/live_map.h"

#include <ashlar/ashlar.h>

#include <atomic>
#include <barrier>
#include <catch2/catch.hpp>
#include <cstddef>
#include <thread>
#include <vector>

namespace {

using namespace ashlar;        // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::guard; // NOLINT(google-build-using-namespace): the layer under test

using State = LiveMap::State;
using layout::window;

constexpr std::size_t kMi = std::size_t{1} << 20;

std::size_t first_offset() {
    return std::size_t{window.first_slice} << layout::kSliceShift;
}

UNIT_TEST_CASE_IN_CHILD("live map: a block is live from begin to end, and no other address is",
                        unit::kDefaultHeap) {
    ashlar_free(ashlar_malloc(1)); // opens the window
    const std::size_t offset = first_offset() + 5 * kMi + 4096;
    REQUIRE(live_map.at(offset) == State::kNever);
    REQUIRE_FALSE(live_map.end(offset));
    REQUIRE(live_map.cover(offset));
    REQUIRE(window.live_bytes.committed() >= 5 * kMi / 16);
    REQUIRE(live_map.begin(offset));
    REQUIRE(live_map.at(offset) == State::kLive);
    for (const std::size_t other :
         {offset + 1, offset + 8, offset + 15, offset + 16, offset - 16, offset + kMi, offset + 1000 * kMi,
          std::size_t{0}, window.capacity() - 16}) {
        REQUIRE(live_map.at(other) == State::kNever);
        REQUIRE_FALSE(live_map.end(other));
    }
    REQUIRE_FALSE(live_map.begin(offset)); // handed out twice
    REQUIRE(live_map.end(offset));
    REQUIRE(live_map.at(offset) == State::kReleased);
    REQUIRE_FALSE(live_map.end(offset));
    REQUIRE(live_map.begin(offset));
}

UNIT_TEST_CASE_IN_CHILD("live map: threads that cover different places get them all", unit::kDefaultHeap) {
    ashlar_free(ashlar_malloc(1));
    constexpr std::size_t kThreads = 4;
    std::barrier together(static_cast<std::ptrdiff_t>(kThreads));
    std::vector<std::thread> threads;
    std::atomic<bool> good{true};
    for (std::size_t t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            together.arrive_and_wait();
            for (std::size_t i = 0; i < 200; ++i) {
                const std::size_t offset = first_offset() + (i * kThreads + t) * kMi;
                if (!live_map.cover(offset) || !live_map.begin(offset)) good = false;
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(good);
}

} // namespace
