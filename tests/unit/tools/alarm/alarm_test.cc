// SPDX-License-Identifier: MIT
#include "alarm/false_alarms.h"
#include "alarm/hypothesis.h"
#include "alarm/library_file.h"
#include "alarm/machine_state.h"
#include "alarm/reference.h"
#include "alarm/watch.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace ashlar::alarm;

namespace {

std::filesystem::path scratch(const char* name) {
    return std::filesystem::temp_directory_path() / (std::string(name) + std::to_string(getpid()));
}

} // namespace

TEST_CASE("library file: what every x86-64 processor has") {
    for (const char* const name : {"mov", "cmpxchg", "tzcnt", "movdqu", "paddq", "bsr", "lock"}) {
        CHECK_FALSE(is_above_baseline(name, "%xmm0,%xmm1"));
    }
    CHECK_FALSE(is_above_baseline("verr", "%ax"));
    CHECK(is_above_baseline("vmovdqu", "%xmm0,(%rax)"));
    CHECK(is_above_baseline("vpxor", "%ymm0,%ymm0,%ymm0"));
    CHECK(is_above_baseline("popcnt", "%rax,%rax"));
    CHECK(is_above_baseline("crc32q", "%rax,%rax"));
    CHECK(is_above_baseline("shlx", "%rax,%rax,%rax"));
}

TEST_CASE("library file: a file that is none") {
    CHECK_THAT(read_library_file("/etc/passwd").trouble, Catch::Contains("ELF"));
}

TEST_CASE("machine state: other programs and the hypervisor disturb, the alarm's own runs do not") {
    const MachineCounters before{.busy_seconds = 100, .stolen_seconds = 1, .wall_seconds = 1000};
    MachineCounters after{.busy_seconds = 110, .stolen_seconds = 1, .wall_seconds = 1010};
    CHECK(disturbance(before, after, 10).why_not_quiet().empty());
    CHECK_THAT(disturbance(before, after, 2).why_not_quiet(), Catch::Contains("other programs kept 0.8"));
    after.stolen_seconds = 3;
    CHECK_THAT(disturbance(before, after, 10).why_not_quiet(), Catch::Contains("hypervisor"));
    after = before;
    after.swapped_pages = 1000;
    CHECK_THAT(disturbance(before, after, 0).why_not_quiet(), Catch::Contains("swapped"));
    after.swapped_pages = 0;
    after.memory_kills = 1;
    CHECK_THAT(disturbance(before, after, 0).why_not_quiet(), Catch::Contains("want of memory"));
}

TEST_CASE("machine state: the counters of this machine move") {
    const MachineCounters before = read_machine_counters();
    CHECK(before.busy_seconds > 0);
    CHECK(slowness() >= 1);
    CHECK(read_machine_counters().wall_seconds > before.wall_seconds);
}

TEST_CASE("references: what is written is read") {
    const auto file = scratch("references");
    Recorded one{.commit = "abc",
                 .date = "2026-01-01T00:00:00Z",
                 .reason = "first",
                 .processor = "p",
                 .processors = 2,
                 .memory_kib = 3,
                 .load = "0.1",
                 .kernel = "k",
                 .compiler = "g++",
                 .figures = {{"pairs", {{"instructions an operation", 18.5}}}}};
    Recorded other = one;
    other.commit = "def";
    write_references(file, {.reference = one, .anchor = other});
    const References read = read_references(file);
    CHECK(read.reference.commit == "abc");
    CHECK(read.anchor.commit == "def");
    CHECK(read.reference.figures == one.figures);
    CHECK(read.reference.reason == "first");
    std::ofstream(file) << "{\"format\": \"ashlar alarm reference\", \"version\": 1}";
    CHECK_THROWS_AS(read_references(file), std::invalid_argument);
    std::ofstream(file) << "{}";
    CHECK_THROWS_WITH(read_references(file), Catch::Contains("no file of the format"));
    std::filesystem::remove(file);
    CHECK_THROWS_WITH(read_references(file), Catch::Contains("--update"));
}

TEST_CASE("history: the median of what was recorded, by processor") {
    const auto file = scratch("history");
    CHECK(read_history(file).noise_of("p", "pairs") == 0);
    History history;
    history.noise["p"]["pairs"] = {0.01, 0.05, 0.02};
    history.references = {
        {.commit = "abc", .date = "today", .reason = "first", .instructions = {{"pairs", 18.5}}}};
    write_history(file, history);
    REQUIRE(read_history(file).references.size() == 1);
    CHECK(read_history(file).references.front().instructions.at("pairs") == 18.5);
    CHECK(read_history(file).noise_of("p", "pairs") == 0.02);
    CHECK(read_history(file).noise_of("q", "pairs") == 0);
    std::filesystem::remove(file);
}

TEST_CASE("history: the usual spread, by processor") {
    History history;
    history.noise["p"]["pairs, CPU"] = {0.01, 0.02, 0.02, 0.03};
    CHECK(history.spreads("p").at("pairs, CPU") > 0.03);
    CHECK(history.spreads("q").empty());
}

TEST_CASE("hypotheses: counters confirm and eliminate") {
    Findings findings{{.benchmark = "pairs",
                       .gate = Gate::kExact,
                       .figure = "instructions an operation",
                       .reference = 10,
                       .present = 12,
                       .outcome = Outcome::kRegressed},
                      {.benchmark = "pairs",
                       .gate = Gate::kExact,
                       .figure = "refills",
                       .reference = 5,
                       .present = 5,
                       .outcome = Outcome::kPassed}};
    const Hypotheses result =
        explain("pairs", findings, KernelCounts{.faults = 100}, KernelCounts{.faults = 1000}, "");
    const auto standing = [&](const std::string& cause) {
        for (const Hypothesis& each : result.causes) {
            if (each.cause == cause) {
                return each.standing;
            }
        }
        throw std::logic_error(cause);
    };
    CHECK(standing("fast path") == Standing::kConfirmed);
    CHECK(standing("thread-cache misses and refills") == Standing::kEliminated);
    CHECK(standing("fallbacks") == Standing::kInconclusive);
    CHECK(standing("page faults") == Standing::kConfirmed);
    CHECK(standing("lock waits and sleeps") == Standing::kEliminated);
    CHECK_THAT(result.conclusion, Catch::Contains("real regression"));
}

TEST_CASE("hypotheses: a loaded machine is told apart") {
    const Findings findings{
        {.benchmark = "pairs", .gate = Gate::kTime, .figure = "CPU", .outcome = Outcome::kNotJudged}};
    CHECK_THAT(explain("pairs", findings, std::nullopt, std::nullopt, "load").conclusion,
               Catch::Contains("loaded machine"));
}

TEST_CASE("hypotheses: a regression of memory is real on a loaded machine, too") {
    const Findings findings{
        {.benchmark = "pairs", .gate = Gate::kMemory, .figure = "RSS", .outcome = Outcome::kRegressed}};
    CHECK_THAT(explain("pairs", findings, std::nullopt, std::nullopt, "load").conclusion,
               Catch::Contains("real regression"));
}

TEST_CASE("hypotheses: time limits that are too tight and far too loose are told apart") {
    const auto conclusion = [](Outcome outcome, const std::string& why, const std::string& disturbance,
                               std::optional<TimeLimit> limit = std::nullopt) {
        const Findings findings{{.benchmark = "pairs",
                                 .gate = Gate::kCoarse,
                                 .figure = why.empty() ? "CPU" : kFailedRuns,
                                 .outcome = outcome,
                                 .obstacle = why}};
        return explain("pairs", findings, std::nullopt, std::nullopt, disturbance, limit);
    };
    const std::string late = "the reference failed: timed out";
    CHECK_THAT(conclusion(Outcome::kRegressed, "timed out", "").conclusion, Catch::Contains("it hangs"));
    CHECK_THAT(conclusion(Outcome::kNotJudged, late, "").conclusion, Catch::Contains("too tight"));
    CHECK_THAT(conclusion(Outcome::kNotJudged, late, "load").conclusion, Catch::Contains("loaded machine"));
    CHECK_THAT(conclusion(Outcome::kNotJudged, "", "", TimeLimit{.limit = 300, .usual = 1}).conclusion,
               Catch::Contains("far too loose"));
    const auto standing = [&](double limit, double usual) {
        return conclusion(Outcome::kNotJudged, "", "", TimeLimit{.limit = limit, .usual = usual})
            .causes.back();
    };
    CHECK(standing(10, 1).standing == Standing::kEliminated);
    CHECK_THAT(standing(2, 1).evidence, Catch::Contains("too tight"));
    CHECK(standing(60, 1).standing == Standing::kEliminated);
    CHECK_THAT(standing(61, 1).evidence, Catch::Contains("far too loose"));
}

TEST_CASE("false alarms: noise alone sets off few runs, a shift most") {
    std::vector<double> noise;
    std::vector<double> shifted;
    for (int value = -10; value <= 10; ++value) {
        noise.push_back(1 + 0.004 * value);
        shifted.push_back(1.2 + 0.004 * value);
    }
    CHECK(false_alarm_share({.ratios = {noise}, .thresholds = {0.05}, .memory = {{9000, 9100}}}, 300, 1) ==
          0);
    CHECK(false_alarm_share({.ratios = {noise, shifted}, .thresholds = {0.05, 0.05}, .memory = {}}, 50, 1) ==
          1);
    // One run in each round uses half as much again, so the minimum of a round differs now and then.
    const double share =
        false_alarm_share({.ratios = {}, .thresholds = {}, .memory = {{9000, 14000}}}, 300, 1);
    CHECK(share > 0.02);
    CHECK(share < 0.5);
}
