// SPDX-License-Identifier: MIT
// Covers each comparison of each gate. Removal of any comparison fails a test.
#include "alarm/gates.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>

using namespace ashlar::alarm;

namespace {

Counted counted(std::uint64_t instructions) {
    Counted result;
    result.counts.instructions = {{"malloc", instructions}, {"free", 1000}};
    result.counts.system_calls = {{"mmap", 3}};
    for (const CountedStatistic& each : kStatistics) {
        result.counts.statistics[each.key] = 1000;
    }
    return result;
}

std::optional<Finding> find(const Findings& findings, const std::string& figure) {
    const auto found = std::find_if(findings.begin(), findings.end(),
                                    [&](const Finding& each) { return each.figure == figure; });
    return found == findings.end() ? std::nullopt : std::optional(*found);
}

TimeSample sample(double ratio, double spread) {
    TimeSample result{.ratios = {}, .control = {}, .reference = 1, .present = ratio};
    for (int round = -7; round <= 7; ++round) {
        result.ratios.push_back(ratio * (1 + spread * round / 7));
        result.control.push_back(1 + spread * round / 7);
    }
    return result;
}

} // namespace

TEST_CASE("exact gate: equal counts pass") {
    CHECK(worst(judge_counts("pairs", 100, counted(9000), counted(9000))) == Outcome::kPassed);
}

TEST_CASE("exact gate: instructions beyond 1 % fail and name the function") {
    CHECK(worst(judge_counts("pairs", 100, counted(9000), counted(9090))) == Outcome::kPassed);
    const Findings findings = judge_counts("pairs", 100, counted(9000), counted(9110));
    const auto finding = find(findings, "instructions an operation");
    REQUIRE(finding);
    CHECK(finding->outcome == Outcome::kRegressed);
    CHECK(finding->reference == 100);
    CHECK(finding->present == Approx(101.1));
    CHECK_THAT(finding->detail, Catch::Contains("malloc +1.2 %"));
    CHECK_THAT(finding->detail, !Catch::Contains("free"));
    CHECK(worst(judge_counts("pairs", 100, counted(9000), counted(8800))) == Outcome::kImproved);
}

TEST_CASE("exact gate: one system call more fails, a new kind too") {
    Counted present = counted(9000);
    present.counts.system_calls["mmap"] = 4;
    CHECK(find(judge_counts("pairs", 100, counted(9000), present), "calls of mmap")->outcome ==
          Outcome::kRegressed);
    present = counted(9000);
    present.counts.system_calls["getppid"] = 1;
    CHECK(find(judge_counts("pairs", 100, counted(9000), present), "calls of getppid")->outcome ==
          Outcome::kRegressed);
    present = counted(9000);
    present.counts.system_calls.erase("mmap");
    CHECK(find(judge_counts("pairs", 100, counted(9000), present), "calls of mmap")->outcome ==
          Outcome::kImproved);
}

TEST_CASE("exact gate: how often the main thread waits for the other is chance") {
    Counted present = counted(9000);
    present.counts.system_calls["futex"] = 2;
    CHECK(worst(judge_counts("pairs", 100, counted(9000), present)) == Outcome::kPassed);
}

TEST_CASE("exact gate: each slow-path count and metadata must be equal, mapped bytes within 1 %") {
    for (const CountedStatistic& each : kStatistics) {
        Counted present = counted(9000);
        present.counts.statistics[each.key] = 1001;
        const auto finding = find(judge_counts("pairs", 100, counted(9000), present), each.words);
        REQUIRE(finding);
        CHECK(finding->outcome == (each.equal ? Outcome::kRegressed : Outcome::kPassed));
        present.counts.statistics[each.key] = 1020;
        CHECK(find(judge_counts("pairs", 100, counted(9000), present), each.words)->outcome ==
              Outcome::kRegressed);
    }
}

TEST_CASE("exact gate: what could not be counted is not judged") {
    Counted present = counted(9000);
    present.counts.statistics.erase("refills");
    CHECK(find(judge_counts("pairs", 100, counted(9000), present), "refills")->outcome ==
          Outcome::kNotJudged);
    Counted reference = counted(9000);
    reference.trouble = "valgrind: exit status 1";
    present.trouble = reference.trouble;
    const Findings findings = judge_counts("pairs", 100, reference, present);
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().outcome == Outcome::kNotJudged);
    CHECK(findings.front().obstacle == "the reference: valgrind: exit status 1");
}

TEST_CASE("exact gate: a run that only the present library fails is a regression") {
    Counted present = counted(9000);
    present.trouble = "valgrind: killed by SIGSEGV";
    const Findings findings = judge_counts("pairs", 100, counted(9000), present);
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().outcome == Outcome::kRegressed);
    CHECK(findings.front().detail == "valgrind: killed by SIGSEGV");
}

TEST_CASE("exact gate: files") {
    const LibraryFile before{.loaded_bytes = 100'000, .tls_bytes = 800, .above_baseline = {"crc: crc32q"}};
    CHECK(worst(judge_files(before, before)) == Outcome::kPassed);
    LibraryFile now = before;
    now.loaded_bytes = 101'100;
    CHECK(worst(judge_files(before, now)) == Outcome::kRegressed);
    now = before;
    now.tls_bytes = 808;
    CHECK(worst(judge_files(before, now)) == Outcome::kRegressed);
    now = before;
    now.above_baseline.emplace_back("malloc: vmovdqu");
    CHECK(worst(judge_files(before, now)) == Outcome::kRegressed);
}

TEST_CASE("exact gate: small steps away from the anchor add up") {
    CHECK(judge_anchor("pairs", "instructions", 100, 104.9, "0123").outcome == Outcome::kPassed);
    CHECK(judge_anchor("pairs", "instructions", 100, 105.1, "0123").outcome == Outcome::kRegressed);
    CHECK(judge_anchor("pairs", "instructions", 100, 80, "0123").outcome == Outcome::kPassed);
}

TEST_CASE("endings: runs that only the present library fails are a regression") {
    CHECK_FALSE(judge_endings("pairs", {.reference_well = 30, .present_well = 15}));
    const auto failed = judge_endings(
        "pairs",
        {.reference_well = 30, .present_well = 14, .present_failed = 1, .present_reason = "exit status 3"});
    REQUIRE(failed);
    CHECK(failed->outcome == Outcome::kRegressed);
    CHECK(failed->detail == "exit status 3");
}

TEST_CASE(
    "endings: where the reference fails as well nothing is shown, unless the present one never ends well") {
    const Endings both{.reference_well = 29,
                       .reference_failed = 1,
                       .present_well = 13,
                       .present_failed = 2,
                       .reference_reason = "timed out"};
    CHECK(judge_endings("pairs", both)->outcome == Outcome::kNotJudged);
    CHECK(judge_endings("pairs", both)->obstacle == "the reference failed: timed out");
    Endings never = both;
    never.present_well = 0;
    CHECK(judge_endings("pairs", never)->outcome == Outcome::kRegressed);
    never.reference_well = 0;
    CHECK(judge_endings("pairs", never)->outcome == Outcome::kNotJudged);
}

TEST_CASE("endings: what the kernel killed for want of memory is not judged, unless all runs were") {
    Endings killed{.reference_well = 30, .present_well = 14, .present_failed = 1, .killed_for_memory = true};
    CHECK(judge_endings("pairs", killed)->outcome == Outcome::kNotJudged);
    killed.present_well = 0;
    CHECK(judge_endings("pairs", killed)->outcome == Outcome::kRegressed);
}

TEST_CASE("memory gate: the least of the runs, 5 % and 256 KiB") {
    const std::vector<double> reference{100'000, 103'000};
    const std::vector<double> again{101'000, 109'000};
    CHECK(judge_memory("pairs", "RSS", reference, again, std::vector<double>{200'000, 106'000}).outcome ==
          Outcome::kPassed);
    CHECK(judge_memory("pairs", "RSS", reference, again, std::vector<double>{200'000, 107'000}).outcome ==
          Outcome::kRegressed);
    CHECK(judge_memory("pairs", "RSS", reference, again, std::vector<double>{95'000}).outcome ==
          Outcome::kImproved);
    const std::vector<double> small{2000};
    CHECK(judge_memory("pairs", "RSS", small, small, std::vector<double>{2200}).outcome == Outcome::kPassed);
    CHECK(judge_memory("pairs", "RSS", small, small, std::vector<double>{2300}).outcome ==
          Outcome::kRegressed);
}

TEST_CASE("time gate: the interval must leave the threshold") {
    CHECK(judge_time("pairs", "CPU", sample(1.04, 0.01), {}).outcome == Outcome::kPassed);
    CHECK(judge_time("pairs", "CPU", sample(1.10, 0.01), {}).outcome == Outcome::kRegressed);
    CHECK(judge_time("pairs", "CPU", sample(1.06, 0.08), {}).outcome ==
          Outcome::kPassed); // the interval includes 1.05
    CHECK(judge_time("pairs", "CPU", sample(0.85, 0.01), {}).outcome == Outcome::kImproved);
}

TEST_CASE("time gate: known noise is no regression") {
    CHECK(judge_time("pairs", "CPU", sample(1.10, 0.01), {.noise = 0.12}).outcome == Outcome::kPassed);
    CHECK(judge_time("pairs", "CPU", sample(1.20, 0.01), {.noise = 0.12}).outcome == Outcome::kRegressed);
}

TEST_CASE("time gate: a disturbed machine never passes") {
    const Finding disturbed =
        judge_time("pairs", "CPU", sample(1, 0.01), {.noise = {}, .disturbance = "load"});
    CHECK(disturbed.outcome == Outcome::kNotJudged);
    CHECK(disturbed.obstacle == "load");
    CHECK(judge_time("pairs", "CPU", sample(1, 0.9), {}).outcome == Outcome::kNotJudged);
    TimeSample few = sample(1, 0.01);
    few.ratios.resize(3);
    few.control.resize(3);
    CHECK(judge_time("pairs", "CPU", few, {}).outcome == Outcome::kNotJudged);
}

TEST_CASE("coarse gate: the least of the runs, beyond the factor and the allowance") {
    const std::vector<double> reference{1.0, 1.2};
    CHECK(judge_coarse("pairs", "CPU", reference, std::vector<double>{30.0, 4.9}, 5, 0).outcome ==
          Outcome::kPassed);
    CHECK(judge_coarse("pairs", "CPU", reference, std::vector<double>{30.0, 5.1}, 5, 0).outcome ==
          Outcome::kRegressed);
    CHECK(
        judge_coarse("pairs", "idle", std::vector<double>{0.0}, std::vector<double>{0.04}, 5, 0.05).outcome ==
        Outcome::kPassed);
    CHECK(
        judge_coarse("pairs", "idle", std::vector<double>{0.0}, std::vector<double>{0.06}, 5, 0.05).outcome ==
        Outcome::kRegressed);
}

TEST_CASE("outcomes: a regression outweighs what was not judged, and that what improved") {
    const auto with = [](std::initializer_list<Outcome> outcomes) {
        Findings findings;
        for (const Outcome each : outcomes) {
            findings.push_back({.benchmark = "x", .figure = "y", .outcome = each});
        }
        return worst(findings);
    };
    CHECK(with({Outcome::kPassed, Outcome::kImproved}) == Outcome::kImproved);
    CHECK(with({Outcome::kImproved, Outcome::kNotJudged, Outcome::kPassed}) == Outcome::kNotJudged);
    CHECK(with({Outcome::kNotJudged, Outcome::kRegressed}) == Outcome::kRegressed);
}

TEST_CASE("pattern: alike everywhere, or varied") {
    const auto moved = [](std::initializer_list<double> factors) {
        Findings findings;
        for (const double factor : factors) {
            findings.push_back({.benchmark = std::to_string(findings.size()),
                                .gate = Gate::kTime,
                                .figure = "CPU",
                                .reference = 1,
                                .present = factor,
                                .outcome = Outcome::kRegressed});
        }
        return pattern_of(findings);
    };
    CHECK(moved({1.2}).empty());
    CHECK_THAT(moved({1.20, 1.21, 1.22, 1.25}), Catch::Contains("fast path"));
    CHECK_THAT(moved({1.1, 1.9, 1.2, 1.3}), Catch::Contains("watch"));
}
