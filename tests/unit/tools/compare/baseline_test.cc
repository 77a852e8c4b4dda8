// SPDX-License-Identifier: MIT
#include "compare/baseline.h"

#include <catch2/catch.hpp>

using namespace ashlar::compare;

namespace {

// Fifteen rounds of one command. System takes 1 s and the other allocator `seconds`, with a little spread.
Experiment experiment(double seconds, std::uint64_t peak_kib = 1000, double spread = 0.001,
                      const std::string& allocator = "mine") {
    Experiment result;
    result.plan.configurations = {
        {.name = "true", .group = "true", .command = {"true"}, .prints = Prints::kAnything}};
    result.plan.contenders = {{.allocator = {.name = "System", .library = ""}},
                              {.allocator = {.name = allocator, .library = "/x.so"}},
                              {.allocator = {.name = "System", .library = ""}, .is_control = true}};
    result.plan.rounds = 15;
    for (int round = 1; round <= 15; ++round) {
        for (std::size_t contender = 0; contender < 3; ++contender) {
            Sample sample{.configuration = 0, .contender = contender, .round = round};
            sample.run.ending = ashlar::measure::Ending::kExited;
            const double time = contender == 1 ? seconds * (1 + spread * (round - 8)) : 1.0;
            sample.run.usage.wall_seconds = time;
            sample.run.usage.user_seconds = time;
            sample.run.usage.peak_rss_kib = contender == 1 ? peak_kib : 1000;
            result.samples.push_back(std::move(sample));
        }
    }
    result.complete = true;
    return result;
}

bool any_worse(const Drifts& drifts) {
    for (const Drift& each : drifts.drifts) {
        if (each.is_worse) {
            return true;
        }
    }
    return false;
}

} // namespace

TEST_CASE("baseline: alike, better and slightly worse pass") {
    CHECK_FALSE(any_worse(drifts(experiment(0.8), experiment(0.8), 0.05)));
    CHECK_FALSE(any_worse(drifts(experiment(0.8), experiment(0.5), 0.05)));
    CHECK_FALSE(any_worse(drifts(experiment(0.8), experiment(0.83), 0.05)));
    CHECK_FALSE(drifts(experiment(0.8), experiment(0.8), 0.05).drifts.empty());
}

TEST_CASE("baseline: a ratio that is worse by more than is allowed is named") {
    const Drifts slower = drifts(experiment(0.8), experiment(0.9), 0.05);
    CHECK(any_worse(slower));
    CHECK(slower.drifts.front().before == Approx(0.8));
    CHECK(slower.drifts.front().now == Approx(0.9));
    CHECK_FALSE(any_worse(drifts(experiment(0.8), experiment(0.9), 0.20)));
}

TEST_CASE("baseline: memory counts, too") {
    const Drifts larger = drifts(experiment(0.8, 1000), experiment(0.8, 1100), 0.05);
    REQUIRE(any_worse(larger));
    for (const Drift& each : larger.drifts) {
        CHECK(each.is_worse == (each.metric == Metric::kPeakRss));
    }
}

TEST_CASE("baseline: a wide interval is no proof") {
    CHECK_FALSE(any_worse(drifts(experiment(0.8), experiment(0.9, 1000, 0.06), 0.05)));
}

TEST_CASE("baseline: too few runs judge nothing, so they are missing") {
    Experiment few = experiment(3);
    std::erase_if(few.samples, [](const Sample& each) { return each.round > 4; });
    const Drifts judged = drifts(experiment(0.8), few, 0.05);
    CHECK(judged.drifts.empty());
    CHECK(judged.missing == std::vector<std::string>{"true under mine"});
}

TEST_CASE("baseline: what this run does not have is named") {
    const Drifts other = drifts(experiment(0.8), experiment(0.8, 1000, 0.001, "another"), 0.05);
    CHECK(other.drifts.empty());
    CHECK(other.missing == std::vector<std::string>{"true under mine"});
}
