// SPDX-License-Identifier: MIT
#include "report/failures.h"

#include <catch2/catch.hpp>

using namespace ashlar;
using namespace ashlar::compare;

namespace {

Experiment experiment() {
    Experiment experiment;
    experiment.plan.configurations = {{.name = "program", .group = "program", .command = {"program"}}};
    experiment.plan.contenders =
        contenders({{.name = "System", .library = ""}, {.name = "other", .library = "/o.so"}});
    return experiment;
}

Sample failed(std::size_t contender, int round, const std::string& why) {
    return {.configuration = 0, .contender = contender, .round = round, .failure = why, .errors = ""};
}

} // namespace

TEST_CASE("failures: each reason once, with its rounds") {
    Experiment all = experiment();
    all.samples = {failed(1, 0, "exit status 1"), failed(1, 1, "exit status 1"), failed(2, 1, "timed out"),
                   failed(1, 2, "exit status 2")};
    CHECK(report::failures(all) == std::vector<std::string>{"other, warm-up, round 1: exit status 1",
                                                            "System (A/A), round 1: timed out",
                                                            "other, round 2: exit status 2"});
    all.plan.configurations.push_back({.name = "more", .group = "more", .command = {"more"}});
    CHECK(report::failures(all).front() == "program under other, warm-up, round 1: exit status 1");
    CHECK(report::why_nothing(all).empty());
}

TEST_CASE("failures: one of System in the warm-up leaves nothing to compare, later the third one does") {
    Experiment all = experiment();
    all.samples = {failed(0, 0, "exit status 3: two")};
    all.samples[0].errors = "one\ntwo";
    CHECK(report::why_nothing(all) ==
          "program fails under System, so there is nothing to compare: exit status 3\n"
          "What it printed last:\n  | one\n  | two\n");
    all.samples = {failed(0, 1, "x"), failed(0, 2, "x"), failed(2, 2, "x"), failed(1, 0, "x")};
    CHECK(report::why_nothing(all).empty());
    all.samples.push_back(failed(0, 3, "x"));
    CHECK_FALSE(report::why_nothing(all).empty());
}

TEST_CASE("failures: exit statuses can be ignored, signals and hangs cannot") {
    Configuration program{.name = "p", .group = "p", .command = {"p"}};
    measure::Run run;
    run.ending = measure::Ending::kExited;
    run.code = 3;
    CHECK_FALSE(has_succeeded(program, run));
    program.ignored.statuses = {1, 3};
    CHECK(has_succeeded(program, run));
    run.code = 2;
    CHECK_FALSE(has_succeeded(program, run));
    program.ignored.all = true;
    CHECK(has_succeeded(program, run));
    for (const auto ending :
         {measure::Ending::kSignalled, measure::Ending::kTimedOut, measure::Ending::kNotRun}) {
        run.ending = ending;
        CHECK_FALSE(has_succeeded(program, run));
    }
}
