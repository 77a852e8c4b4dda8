// SPDX-License-Identifier: MIT
#include "compare/estimate.h"

#include <catch2/catch.hpp>

using namespace ashlar::compare;

namespace {

Plan plan_of(int configurations, int rounds) {
    Plan plan;
    for (int index = 0; index < configurations; ++index) {
        plan.configurations.push_back({.name = "c", .group = "c", .command = {"true"}});
    }
    plan.contenders = contenders({{.name = "System", .library = ""}, {.name = "other", .library = "/o"}});
    plan.rounds = rounds;
    return plan;
}

} // namespace

TEST_CASE("estimate: known when each configuration has run once, by its own times") {
    Estimate estimate(plan_of(2, 5)); // 3 contenders per round, 2 in the warm-up
    CHECK(estimate.runs() == 2 * (2 + 3 * 5));
    CHECK_FALSE(estimate.seconds_left());
    estimate.took(0, 1);
    CHECK_FALSE(estimate.seconds_left());
    estimate.took(1, 10);
    REQUIRE(estimate.seconds_left());
    CHECK(*estimate.seconds_left() == Approx(16 * 1 + 16 * 10));
    estimate.took(0, 3);
    CHECK(*estimate.seconds_left() == Approx(15 * 2 + 16 * 10));
}

TEST_CASE("estimate: what was left out takes no time, and says nothing about the rest") {
    Estimate estimate(plan_of(1, 1));
    estimate.took(0, 1e-6);
    CHECK_FALSE(estimate.seconds_left());
    estimate.took(0, 2);
    CHECK(*estimate.seconds_left() == Approx(3 * 2));
    for (int run = 0; run < 10; ++run) {
        estimate.took(0, 2);
    }
    CHECK(*estimate.seconds_left() == 0);
}
