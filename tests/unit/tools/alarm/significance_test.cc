// SPDX-License-Identifier: MIT
#include "alarm/significance.h"

#include <catch2/catch.hpp>

using namespace ashlar::alarm;

namespace {

Finding finding(Gate gate, double present, Outcome outcome = Outcome::kPassed) {
    return {.benchmark = "pairs",
            .gate = gate,
            .figure = "CPU",
            .reference = 1,
            .present = present,
            .outcome = outcome,
            .threshold = 0.05,
            .smallest_visible = 0.055};
}

Change change(Finding one, const std::map<std::string, double>& history,
              const std::map<std::string, double>& now = {}) {
    Findings findings{std::move(one)};
    mark_significant(findings, history, now);
    return findings.front().change;
}

} // namespace

TEST_CASE("significance: the upper quartile and three distances of quartiles") {
    CHECK_FALSE(usual_spread({}));
    CHECK(*usual_spread({0.02}) == Approx(0.02));
    CHECK(*usual_spread({0.02, 0.02, 0.02, 0.02, 0.9}) == Approx(0.02)); // one outlier among many runs
    CHECK(*usual_spread({0.01, 0.02, 0.03, 0.04, 0.05}) == Approx(0.04 + 3 * 0.02));
}

TEST_CASE("significance: a change beyond what the figure varied by, though its gate allows it") {
    const std::map<std::string, double> history{{"pairs, CPU", 0.02}};
    CHECK(change(finding(Gate::kTime, 1.03), history) == Change::kRegressed);
    CHECK(change(finding(Gate::kTime, 1.019), history) == Change::kNone);
    CHECK(change(finding(Gate::kTime, 0.97), history) == Change::kImproved);
    CHECK(change(finding(Gate::kMemory, 1.03), history) == Change::kRegressed);
}

TEST_CASE("significance: without a history this run's own noise counts, with one it does not") {
    CHECK(change(finding(Gate::kMemory, 1.03), {}, {{"pairs, CPU", 0.04}}) == Change::kNone);
    CHECK(change(finding(Gate::kMemory, 1.03), {}, {{"pairs, CPU", 0.02}}) == Change::kRegressed);
    CHECK(change(finding(Gate::kMemory, 1.03), {{"pairs, CPU", 0.02}}, {{"pairs, CPU", 0.04}}) ==
          Change::kRegressed);
}

TEST_CASE("significance: a ratio that this run knows badly shows less") {
    Finding wide = finding(Gate::kTime, 1.03);
    wide.smallest_visible = 0.09; // half of the interval is 0.04
    CHECK(change(wide, {{"pairs, CPU", 0.01}}) == Change::kNone);
}

TEST_CASE("significance: counts vary by nothing") {
    CHECK(change(finding(Gate::kExact, 1.003), {{"pairs, CPU", 0.5}}) == Change::kRegressed);
    CHECK(change(finding(Gate::kExact, 1.001), {}) == Change::kNone);
    Finding first = finding(Gate::kExact, 1, Outcome::kRegressed);
    first.reference = 0;
    CHECK(change(first, {}) == Change::kRegressed);
}

TEST_CASE("significance: what was not judged, the anchor and the coarse gate show nothing") {
    CHECK(change(finding(Gate::kTime, 2, Outcome::kNotJudged), {}) == Change::kNone);
    CHECK(change(finding(Gate::kCoarse, 2), {}) == Change::kNone);
    Finding anchor = finding(Gate::kExact, 1.04);
    anchor.is_since_anchor = true;
    CHECK(change(anchor, {}) == Change::kNone);
}

TEST_CASE("significance: the word for all changes") {
    const auto word = [](std::initializer_list<double> factors) {
        Findings findings;
        for (const double each : factors) {
            findings.push_back(finding(Gate::kExact, each));
        }
        mark_significant(findings, {}, {});
        return change_of(findings);
    };
    CHECK(word({1, 1.001}) == "no significant change");
    CHECK(word({1, 1.01}) == "regressed");
    CHECK(word({0.99, 1}) == "improved");
    CHECK(word({0.99, 1.01}) == "mixed");
}
