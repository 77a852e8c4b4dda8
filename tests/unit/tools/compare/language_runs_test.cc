// SPDX-License-Identifier: MIT
#include "compare/language_runs.h"
#include "report/language_text.h"

#include <catch2/catch.hpp>

using namespace ashlar;
using compare::Experiment;
using compare::Sample;

namespace {

constexpr int kRounds = 6;
constexpr std::size_t kControl = 2;

compare::Configuration task(const std::string& language, const std::string& name) {
    return {.name = language + ", " + name,
            .group = language,
            .command = {"tasks"},
            .prints = compare::Prints::kAnything,
            .own_figure = compare::OwnFigure{.pattern = "(.*)", .less_is_better = true}};
}

Experiment of(const std::string& reference) {
    Experiment experiment;
    experiment.plan.configurations = {task("C", "trees"), task("C", "strings"), task("Lua", "trees"),
                                      task("Lua", "strings")};
    const std::string library = reference == "System" ? "" : "/old.so";
    experiment.plan.contenders =
        compare::contenders({{.name = reference, .library = library}, {.name = "now", .library = "/new.so"}});
    experiment.plan.rounds = kRounds;
    return experiment;
}

// Adds runs. `cpu_ms` is by the program's clock. `user` has the reference, the control and the other one.
void add(Experiment& experiment, std::size_t configuration, double cpu_ms, std::array<double, 3> user) {
    for (int round = compare::kWarmUp; round <= kRounds; ++round) {
        for (const std::size_t contender : {compare::kReference, std::size_t{1}, kControl}) {
            Sample sample{.configuration = configuration, .contender = contender, .round = round};
            sample.run.usage.user_seconds = user[contender == 1 ? 2 : contender == kControl ? 1 : 0];
            sample.figures.own = cpu_ms;
            experiment.samples.push_back(sample);
        }
    }
}

} // namespace

TEST_CASE("language runs: names of languages and tasks come from the plan, each once") {
    const Experiment experiment = of("System");
    CHECK(compare::languages_of(experiment.plan) == std::vector<std::string>{"C", "Lua"});
    CHECK(compare::tasks_of(experiment.plan) == std::vector<std::string>{"trees", "strings"});
}

TEST_CASE("language runs: a language against another, task by task, and the geometric mean") {
    Experiment experiment = of("System");
    add(experiment, 0, 10, {1, 1, 1});
    add(experiment, 1, 20, {1, 1, 1});
    add(experiment, 2, 20, {1, 1, 1});
    add(experiment, 3, 160, {1, 1, 1});
    const auto ratios = compare::language_ratios(experiment, compare::evaluate(experiment), "C");
    REQUIRE(ratios.size() == 2);
    CHECK(ratios[0].mean == Approx(1));
    CHECK(ratios[1].by_task[0] == Approx(2));
    CHECK(ratios[1].by_task[1] == Approx(8));
    CHECK(ratios[1].mean == Approx(4));
}

TEST_CASE("language runs: a task that did not run is in no mean") {
    Experiment experiment = of("System");
    add(experiment, 0, 10, {1, 1, 1});
    add(experiment, 1, 20, {1, 1, 1});
    add(experiment, 3, 160, {1, 1, 1});
    const auto ratios = compare::language_ratios(experiment, compare::evaluate(experiment), "C");
    CHECK_FALSE(ratios[1].by_task[0]);
    CHECK(ratios[1].mean == Approx(8));
    const auto none = compare::language_ratios(experiment, compare::evaluate(experiment), "Rust");
    CHECK_FALSE(none[0].mean);
}

TEST_CASE("language runs: before and after, with the total of the tasks and the worst of them") {
    Experiment experiment = of("before");
    add(experiment, 0, 1, {0.5, 0.5, 0.4});
    add(experiment, 1, 1, {1.5, 1.5, 1.8});
    add(experiment, 2, 1, {2, 2, 2});
    const auto changes = compare::language_changes(experiment);
    REQUIRE(changes.size() == 2);
    CHECK(changes[0].total.name == "C");
    REQUIRE(changes[0].tasks.size() == 2);
    CHECK(changes[0].tasks[0].ratio->median == Approx(0.8));
    CHECK(changes[0].tasks[1].ratio->median == Approx(1.2));
    CHECK(changes[0].total.before == Approx(2));
    CHECK(changes[0].total.now == Approx(2.2));
    CHECK(changes[0].total.ratio->median == Approx(1.1));
    REQUIRE(changes[0].worst() != nullptr);
    CHECK(changes[0].worst()->name == "strings");
    CHECK(changes[1].worst()->name == "trees");
    CHECK_FALSE(changes[1].total.ratio); // a total without one task is not comparable
}

TEST_CASE("language runs: the reference is the mean of its two runs in a round") {
    Experiment experiment = of("before");
    add(experiment, 0, 1, {1, 3, 2});
    const auto changes = compare::language_changes(experiment);
    CHECK(changes[0].tasks[0].before == Approx(2));
    CHECK(changes[0].tasks[0].ratio->median == Approx(1));
    CHECK(changes[0].tasks[0].ratio->noise.low == Approx(3));
}

TEST_CASE("language runs: a time too short for the kernel has no ratio") {
    Experiment experiment = of("before");
    add(experiment, 0, 1, {0, 0, 0});
    const auto changes = compare::language_changes(experiment);
    CHECK(changes[0].tasks[0].before == Approx(0));
    CHECK_FALSE(changes[0].tasks[0].ratio);
    CHECK(changes[1].worst() == nullptr);
}

TEST_CASE("language text: ratios, expectations, and where objects lie") {
    Experiment experiment = of("System");
    for (const std::size_t index : {0, 1}) {
        add(experiment, index, 10, {1, 1, 1});
        add(experiment, index + 2, 200, {1, 1, 1});
    }
    const std::vector<compare::LanguageFacts> facts{
        {.name = "C", .memory = "malloc", .least = 1, .most = 1},
        {.name = "Lua", .memory = "not malloc: an example", .least = 2, .most = 10}};
    const std::string text = report::language_text(experiment, compare::evaluate(experiment), facts, {});
    CHECK_THAT(text, Catch::Contains("! 20.0×"));
    CHECK_THAT(text, Catch::Contains("2 to 10×"));
    CHECK_THAT(text, Catch::Contains("outside of what was expected"));
    CHECK_THAT(text, Catch::Contains("Lua      not malloc: an example"));
}

TEST_CASE("language text: the table of before and now names the worst task") {
    Experiment experiment = of("before");
    add(experiment, 0, 1, {0.5, 0.5, 0.4});
    add(experiment, 1, 1, {1.5, 1.5, 1.8});
    const std::string text = report::language_changes_text(experiment, {.columns = 200});
    CHECK_THAT(text, Catch::Contains("C, total"));
    CHECK_THAT(text, Catch::Contains("strings 1.20×"));
}
