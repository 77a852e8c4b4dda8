// SPDX-License-Identifier: MIT
#include "report/changes.h"
#include "report/markdown.h"

#include <catch2/catch.hpp>
#include <stdexcept>

using namespace ashlar::report;
using Catch::Matchers::Contains;

namespace {

// One setting with System and one allocator. The allocator's ratios per round lie around `ratio`.
Findings result(double ratio, std::size_t rounds = 9) {
    Findings findings;
    findings.name = "result";
    findings.subjects = {{.name = "System", .library = "/libc", .package = "", .sha256 = "1"},
                         {.name = "mine", .library = "/mine", .package = "", .sha256 = "2"}};
    Setting setting;
    setting.name = "larson, 1 thread";
    findings.settings = {setting};
    Entry entry;
    for (std::size_t round = 0; round < rounds; ++round) {
        entry.ratios.push_back(ratio * (0.96 + 0.01 * static_cast<double>(round)));
    }
    entry.value = Estimate{.median = 1, .interval = {1, 1}};
    entry.ratio = Estimate{.median = ratio, .interval = {ratio, ratio}};
    Sheet sheet{.key = "cpu", .title = "CPU time", .short_title = "", .unit = "ns", .lines = {}};
    sheet.lines.push_back({.setting = 0, .entries = {Entry{}, entry}, .control = std::nullopt});
    findings.sheets = {sheet};
    findings.speed = {speed_by(sheet, 0, 2)};
    return findings;
}

Standing standing_after(const Findings& before, const Findings& after) {
    const Changes changes = compare_findings(before, after);
    REQUIRE(changes.sheets.size() == 1);
    REQUIRE(changes.sheets[0].changes.size() == 1);
    return changes.sheets[0].changes[0].standing;
}

} // namespace

TEST_CASE("changes: less of what is bad is better, more is worse, about as much is alike") {
    CHECK(standing_after(result(0.8), result(0.5)) == Standing::kBetter);
    CHECK(standing_after(result(0.5), result(0.8)) == Standing::kWorse);
    CHECK(standing_after(result(0.8), result(0.8)) == Standing::kAlike);
    CHECK(standing_after(result(0.8), result(0.805)) == Standing::kAlike);
}

TEST_CASE("changes: the figure is the ratio of the ratios") {
    const Findings before = result(0.8);
    const Findings after = result(0.6);
    const Changes changes = compare_findings(before, after);
    const Change& change = changes.sheets[0].changes[0];
    CHECK(change.change.median == Approx(0.75));
    CHECK(change.change.interval.contains(0.75));
    CHECK(change.change.interval.high < 1);
    CHECK(change.p < 0.01);
    CHECK(changes.count(Standing::kBetter) == 1);
    CHECK(changes.all() == 1);
}

TEST_CASE("changes: too few rounds say nothing") {
    CHECK(standing_after(result(0.8, 3), result(0.5, 9)) == Standing::kUnknown);
}

TEST_CASE("changes: what else differs is named, and what only one result has") {
    Findings before = result(0.8);
    Findings after = result(0.8);
    before.provenance = {{"kernel", "6.1"}, {"processor", "same"}, {"started", "yesterday"}};
    after.provenance = {{"kernel", "6.2"}, {"processor", "same"}, {"started", "today"}};
    after.subjects[1].sha256 = "3";
    before.subjects.push_back({.name = "gone", .library = "", .package = "", .sha256 = ""});
    before.sheets[0].lines[0].entries.emplace_back();
    const Changes changes = compare_findings(before, after);
    REQUIRE(changes.conditions.size() == 2);
    CHECK_THAT(changes.conditions[0], Contains("kernel: 6.1 before, 6.2 after"));
    CHECK_THAT(changes.conditions[1], Contains("mine"));
    REQUIRE(changes.unmatched.size() == 1);
    CHECK_THAT(changes.unmatched[0], Contains("gone") && Contains("before"));
    CHECK_THAT(markdown(after, &changes),
               Contains("## What changed") && Contains("no measurable difference"));
}

TEST_CASE("changes: results with nothing in common are refused") {
    Findings after = result(0.8);
    after.settings[0].name = "another";
    CHECK_THROWS_AS(compare_findings(result(0.8), after), std::invalid_argument);
}
