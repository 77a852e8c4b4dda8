// SPDX-License-Identifier: MIT
#include "../support/random.h"
#include "cache/kept_runs.h"

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace {

namespace os = ashlar::os;
using ashlar::cache::KeptRuns;
using ashlar::layout::Slice;

using Given = std::vector<std::pair<Slice, std::size_t>>;

constexpr std::size_t kAll = KeptRuns::kMostSlices;

struct Own {
    Own() { runs.reset(); }

    Slice take(std::size_t slices, os::Node node = 0) { return runs.take(slices, node); }
    bool keep(Slice first, std::size_t slices, std::size_t most = kAll, os::Node node = 0) {
        if (slices > most || !runs.is_asked_often(slices)) return false;
        const std::size_t given_before = given.size();
        const bool had_room = runs.keep(first, slices, node, most, [this](Slice other, std::size_t length) {
            given.emplace_back(other, length);
        });
        REQUIRE(had_room == (given.size() == given_before));
        return true;
    }
    // Requests runs of this length until they are kept.
    void ask_often(std::size_t slices) {
        for (unsigned i = 0; i < 8; ++i)
            REQUIRE(take(slices) == 0);
    }

    KeptRuns runs;
    Given given;
};

TEST_CASE("kept runs: a length is kept that was asked for often") {
    Own own;
    for (unsigned i = 0; i < 7; ++i) {
        REQUIRE(own.take(2) == 0);
        REQUIRE_FALSE(own.keep(100, 2));
    }
    REQUIRE(own.take(2) == 0);
    REQUIRE(own.keep(100, 2));
    CHECK_FALSE(own.keep(200, 3));
    CHECK(own.runs.slices() == 2);
    CHECK(own.take(3) == 0);
    CHECK(own.take(1) == 0);
    CHECK(own.take(2) == 100);
    CHECK(own.take(2) == 0);
    CHECK(own.runs.slices() == 0);
    CHECK(own.given.empty());
}

TEST_CASE("kept runs: what was asked for long ago counts no longer") {
    Own own;
    own.ask_often(2);
    own.ask_often(2); // further requests change nothing
    own.ask_often(2);
    own.runs.forget();
    REQUIRE(own.keep(100, 2));
    own.runs.forget();
    CHECK_FALSE(own.keep(200, 2));
    CHECK(own.take(2) == 100);
}

TEST_CASE("kept runs: the oldest makes room") {
    Own own;
    own.ask_often(1);
    own.ask_often(10);
    for (Slice first = 1; first <= 8; ++first)
        REQUIRE(own.keep(first, 1));
    REQUIRE(own.given.empty());
    REQUIRE(own.keep(9, 1)); // exceeds the number of runs
    REQUIRE(own.given == Given{{1, 1}});
    REQUIRE(own.keep(100, 10)); // exceeds the slices
    REQUIRE(own.given == Given{{1, 1}, {2, 1}, {3, 1}});
    CHECK(own.runs.slices() == 16);
    CHECK_FALSE(own.keep(200, 10, 9));
    REQUIRE(own.keep(10, 1, 12));
    CHECK(own.given.size() == 8);
    CHECK(own.runs.slices() == 12);
    CHECK(own.take(1) == 10);
    CHECK(own.take(10) == 100);
    CHECK(own.take(1) == 9); // the last of the eight runs
    CHECK(own.runs.slices() == 0);
}

TEST_CASE("kept runs: those of another node are not what was asked for") {
    Own own;
    own.ask_often(2);
    REQUIRE(own.keep(100, 2, kAll, 1));
    REQUIRE(own.keep(200, 2, kAll, 0));
    REQUIRE(own.keep(300, 2, kAll, 1));
    CHECK(own.take(2, 0) == 200);
    CHECK(own.take(2, 0) == 0);
    CHECK(own.take(2, 1) == 300);
    CHECK(own.take(2, 1) == 100);
}

TEST_CASE("kept runs: the longest kept, and longer ones") {
    Own own;
    own.ask_often(kAll);
    REQUIRE(own.keep(100, kAll));
    REQUIRE(own.keep(200, kAll));
    CHECK(own.given == Given{{100, kAll}});
    CHECK(own.take(kAll) == 200);
    own.ask_often(kAll + 1);
    CHECK_FALSE(own.keep(300, kAll + 1));
    CHECK(own.take(std::size_t{1} << 40) == 0);
}

TEST_CASE("kept runs: random use agrees with a model") {
    unit::Random random;
    CAPTURE(random.seed());
    Own own;
    Given model; // oldest first
    Slice next = 1;
    for (unsigned step = 0; step < 50'000; ++step) {
        const std::size_t slices = random.between(1, 6);
        if (random.chance(50)) {
            Slice expected = 0;
            for (std::size_t i = model.size(); i-- != 0 && expected == 0;) {
                if (model[i].second != slices) continue;
                expected = model[i].first;
                model.erase(model.begin() + static_cast<std::ptrdiff_t>(i));
            }
            if (own.take(slices) != expected) FAIL("taken at " << step);
        } else if (const Slice first = next++; own.keep(first, slices)) {
            model.emplace_back(first, slices);
        }
        for (const auto& gone : own.given) {
            if (gone != model.front()) FAIL("given at " << step);
            model.erase(model.begin());
        }
        own.given.clear();
        const std::size_t held =
            std::accumulate(model.begin(), model.end(), std::size_t{0},
                            [](std::size_t sum, const auto& run) { return sum + run.second; });
        if (own.runs.slices() != held || held > kAll) FAIL(held << " slices are held at " << step);
        if (random.chance(1)) own.runs.forget();
    }
    own.runs.give_all([&](Slice first, std::size_t slices) {
        REQUIRE(std::pair(first, slices) == model.front());
        model.erase(model.begin());
    });
    CHECK(model.empty());
    CHECK(own.runs.slices() == 0);
}

} // namespace
