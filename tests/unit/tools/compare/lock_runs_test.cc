// SPDX-License-Identifier: MIT
#include "compare/figures.h"
#include "compare/lock_runs.h"
#include "report/lock_text.h"

#include <catch2/catch.hpp>

using namespace ashlar;
using compare::LockFigure;

namespace {

constexpr std::size_t kSystem = 0;
constexpr std::size_t kProfiled = 1;

// One configuration under System, System with a profiler, and System again.
compare::Experiment experiment() {
    compare::Experiment result;
    result.plan.configurations.push_back({.name = "nested", .group = "hierarchy", .command = {}});
    result.plan.contenders = compare::contenders(
        {{.name = "System", .library = ""},
         {.name = "System, profiled", .library = "", .companion = "/lib/libashlar-locks.so"}});
    return result;
}

struct Figures {
    double throughput = 1000;
    double seconds = 1;
    double operations = 1000;
    double mean_wait_us = 5;
    double time_outs = 0;
    double errors = 0;
};

void add(compare::Experiment& to, std::size_t contender, int round, const Figures& figures) {
    compare::Sample sample{.configuration = 0, .contender = contender, .round = round};
    sample.run.usage.peak_rss_kib = 2048;
    sample.figures.throughput = figures.throughput;
    const auto set = [&](LockFigure figure, double value) {
        sample.figures.locks[static_cast<std::size_t>(figure)] = value;
    };
    set(LockFigure::kDuration, figures.seconds);
    set(LockFigure::kOperations, figures.operations);
    set(LockFigure::kMeanWait, figures.mean_wait_us);
    set(LockFigure::kLongestWait, 100.0 * round);
    set(LockFigure::kContentions, 3);
    set(LockFigure::kTimeOuts, figures.time_outs);
    set(LockFigure::kErrors, figures.errors);
    to.samples.push_back(sample);
}

// Returns the flags of three equal runs.
std::vector<std::string> flags_of(const Figures& figures) {
    compare::Experiment runs = experiment();
    for (const int round : {1, 2, 3}) {
        add(runs, kSystem, round, figures);
    }
    return compare::lock_red_flags(runs);
}

} // namespace

TEST_CASE("lock runs: figures are read from what a scenario prints") {
    const compare::Figures figures =
        compare::read_figures("hierarchy\nDuration = 0.5 s\nOperations = 60\nMean time to acquire = 1.25 us\n"
                              "Maximum time to acquire = 9 us\nContentions = 2\nTime-outs = 3\nErrors = 4\n"
                              "Peak RSS = 5 KiB\nThroughput = 120.0 operations per second\n");
    CHECK(figures.throughput == 120);
    CHECK(figures.of(LockFigure::kDuration) == 0.5);
    CHECK(figures.of(LockFigure::kOperations) == 60);
    CHECK(figures.of(LockFigure::kMeanWait) == 1.25);
    CHECK(figures.of(LockFigure::kLongestWait) == 9);
    CHECK(figures.of(LockFigure::kContentions) == 2);
    CHECK(figures.of(LockFigure::kTimeOuts) == 3);
    CHECK(figures.of(LockFigure::kErrors) == 4);
}

TEST_CASE("lock runs: a row has medians, and the longest wait of all rounds") {
    compare::Experiment runs = experiment();
    add(runs, kSystem, compare::kWarmUp, {.throughput = 1});
    add(runs, kSystem, 1, {.throughput = 900});
    add(runs, kSystem, 2, {.throughput = 1000});
    add(runs, kSystem, 3, {.throughput = 2000});
    const compare::LockRow row = compare::lock_row(runs, 0, kSystem);
    CHECK(row.runs == 3);
    CHECK(row.throughput == 1000);
    CHECK(row.longest_wait_us == 300);
    CHECK(row.peak_rss_kib == 2048);
    CHECK(compare::lock_row(runs, 0, kProfiled).runs == 0);
}

TEST_CASE("lock runs: nothing is flagged in a good run") {
    CHECK(flags_of({}).empty());
}

TEST_CASE("lock runs: errors are flagged and so are runs that failed") {
    const auto flags = flags_of({.errors = 2});
    REQUIRE(flags.size() == 1);
    CHECK(flags[0] == "nested under System: 6 errors: a lock or the allocator did not keep its promise");
    compare::Experiment runs = experiment();
    add(runs, kSystem, 1, {});
    runs.samples.back().failure = "timed out";
    REQUIRE(compare::lock_red_flags(runs).size() == 1);
    CHECK(compare::lock_red_flags(runs)[0] == "nested under System: 1 run failed, the last one: timed out");
}

TEST_CASE("lock runs: waits that fill the run look like a deadlock and short ones do not") {
    const auto flags = flags_of({.seconds = 1, .mean_wait_us = 600'000});
    REQUIRE(flags.size() == 1);
    CHECK(flags[0] ==
          "nested under System: the mean time to acquire, 600 ms, is 60 % of the run: a deadlock is likely");
    CHECK(flags_of({.seconds = 1, .mean_wait_us = 400'000}).empty());
    CHECK(flags_of({.seconds = 0.01, .mean_wait_us = 9'000}).empty());
}

TEST_CASE("lock runs: many time-outs for each operation are flagged and a few are planned") {
    CHECK(flags_of({.time_outs = 2900}).empty());
    const auto flags = flags_of({.time_outs = 3100});
    REQUIRE(flags.size() == 1);
    CHECK_THAT(flags[0], Catch::Contains("3.1 time-outs for each operation"));
}

TEST_CASE("lock runs: runs that are far apart contradict one another") {
    compare::Experiment runs = experiment();
    add(runs, kSystem, 1, {.throughput = 100});
    add(runs, kSystem, 2, {.throughput = 290});
    CHECK(compare::lock_red_flags(runs).empty());
    add(runs, kSystem, 3, {.throughput = 310});
    REQUIRE(compare::lock_red_flags(runs).size() == 1);
    CHECK_THAT(compare::lock_red_flags(runs)[0],
               Catch::Contains("runs contradict one another, 100 to 310 operations per second"));
}

TEST_CASE("lock runs: so do runs that did not do the same work") {
    compare::Experiment runs = experiment();
    add(runs, kSystem, 1, {.operations = 1000});
    add(runs, kSystem, 2, {.operations = 999});
    REQUIRE(compare::lock_red_flags(runs).size() == 1);
    CHECK_THAT(compare::lock_red_flags(runs)[0], Catch::Contains("999 to 1000 operations of the same work"));
}

TEST_CASE("lock runs: what profiling takes is judged within the rounds") {
    compare::Experiment runs = experiment();
    for (const int round : {1, 2, 3}) {
        add(runs, kSystem, round, {.throughput = 1000.0 * round});
        add(runs, kProfiled, round, {.throughput = 900.0 * round});
    }
    CHECK(compare::without_profiler(runs.plan, kProfiled) == kSystem);
    CHECK_FALSE(compare::without_profiler(runs.plan, kSystem));
    CHECK(compare::throughput_kept(runs, 0, kProfiled) == Approx(0.9));
    CHECK(compare::lock_red_flags(runs).empty());
    for (compare::Sample& sample : runs.samples) {
        if (sample.contender == kProfiled) {
            sample.figures.throughput = 700.0 * sample.round;
        }
    }
    REQUIRE(compare::lock_red_flags(runs).size() == 1);
    CHECK(compare::lock_red_flags(runs)[0] ==
          "nested under System, profiled: profiling takes 30 % of the throughput");
}

TEST_CASE("lock runs: the table has a line for each allocator and none for the control") {
    compare::Experiment runs = experiment();
    add(runs, kSystem, 1, {});
    add(runs, kProfiled, 1, {.throughput = 950});
    const std::string text = report::lock_text(runs, {.columns = 200});
    CHECK_THAT(text,
               Catch::Contains("profiled") && Catch::Contains("95 %") && Catch::Contains("No red flags."));
    CHECK_THAT(
        report::lock_markdown(runs),
        Catch::Contains("| nested | System | 1.00 | 1000 | 1000 | 5.00 | 0.100 | 3 | 0 | 0 | 2.00 | |\n"
                        "| nested | System, profiled | 1.00 | 1000 | 950 | 5.00 | 0.100 | 3 | 0 | 0 | 2.00 | "
                        "95 % |\n"));
}
