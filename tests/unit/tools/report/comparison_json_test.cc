// SPDX-License-Identifier: MIT
#include "report/comparison_json.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <stdexcept>

using namespace ashlar;
using namespace ashlar::report;

namespace {

// A result with every kind of content.
StoredComparison rich() {
    StoredComparison stored;
    compare::Plan& plan = stored.experiment.plan;
    plan.configurations = {
        {.name = "larson, 2 threads",
         .group = "larson",
         .command = {"larson", "a \"quoted\" word"},
         .threads = 2,
         .operations = 5e6,
         .seconds = 0.25,
         .most_rounds = 3},
        {.name = "mine",
         .group = "mine",
         .command = {"mine"},
         .prints = compare::Prints::kAnything,
         .own_figure = compare::OwnFigure{.pattern = "x=(.*)", .less_is_better = true, .words = "x, in ms"},
         .ignored = {.statuses = {1, 7}},
         .setup = "make",
         .cleanup = "make clean",
         .prepare = "sync",
         .server = "server --port 1",
         .parameters = {{"size", "4"}, {"mode", "fast"}},
         .expected_line = "sum = 5"}};
    plan.contenders = compare::contenders({{.name = "System", .library = ""},
                                           {.name = "one-arena", .library = "", .environment = {"A=1"}},
                                           {.name = "other", .library = "/o.so"}});
    plan.rounds = 7;
    plan.warm_ups = 3;
    plan.seed = 0xffff'ffff'ffff'fffful;
    plan.time_limit = std::chrono::milliseconds(1500);
    plan.stacks_folder = "/somewhere";
    plan.follow_rss = true;
    plan.precondition_mib = 64;
    plan.one_after_another = true;
    plan.system_preload = "/libc.so";
    compare::Sample sample{.configuration = 1, .contender = 2, .round = 3, .position = 4, .bout = 2};
    sample.run.usage = {.wall_seconds = 0.1,
                        .user_seconds = 1.0 / 3,
                        .system_seconds = 2,
                        .peak_rss_kib = 5,
                        .minor_faults = 6,
                        .major_faults = 7,
                        .voluntary_switches = 8,
                        .involuntary_switches = 9,
                        .stolen_seconds = 10};
    sample.run.rss_over_time = {{0.25, 1024}, {0.5, 2048}};
    sample.library_mapped = true;
    sample.figures.own = 1e-7;
    compare::Sample failed{
        .configuration = 0, .contender = 0, .round = 1, .failure = "timed out", .errors = "not UTF-8: \xff"};
    stored.experiment.samples = {sample, failed};
    stored.experiment.remarks = {"a remark"};
    stored.provenance.command_line = {"ashlar", "compare"};
    stored.provenance.version = "1";
    stored.provenance.started = "2026-01-01T00:00:00Z";
    stored.provenance.machine.processor = "a processor";
    stored.provenance.machine.usable_processors = 2;
    stored.provenance.workload_seed = 5;
    stored.provenance.identities = {{"/libc.so", "aa", "libc 1"},
                                    {"/libc.so", "aa", "libc 1"},
                                    {"/o.so", "bb", ""},
                                    {"/libc.so", "aa", "libc 1"}};
    return stored;
}

std::string written(const StoredComparison& stored) {
    std::ostringstream text;
    write_comparison_json(text, stored.experiment, compare::evaluate(stored.experiment), stored.provenance);
    return text.str();
}

StoredComparison read(const std::string& text) {
    std::istringstream stream(text);
    return read_comparison_json(stream);
}

} // namespace

TEST_CASE("comparison JSON: what is written is read back, to the last digit") {
    const std::string text = written(rich());
    CHECK(written(read(text)) == text);
}

TEST_CASE("comparison JSON: a result that was read is the one that was written") {
    const StoredComparison stored = read(written(rich()));
    const compare::Plan& plan = stored.experiment.plan;
    REQUIRE(plan.contenders.size() == 4);
    CHECK(plan.contenders[0].allocator.is_system());
    CHECK_FALSE(plan.contenders[1].allocator.is_system());
    CHECK_FALSE(plan.contenders[1].allocator.is_preloaded());
    CHECK(plan.contenders[2].allocator.library == "/o.so");
    CHECK(plan.contenders[3].is_control);
    CHECK(plan.configurations[1].own_figure->less_is_better);
    CHECK(plan.configurations[1].prints == compare::Prints::kAnything);
    CHECK(plan.rounds_of(plan.configurations[0]) == 3);
    CHECK(plan.seed == 0xffff'ffff'ffff'fffful);
    CHECK(plan.time_limit == std::chrono::milliseconds(1500));
    REQUIRE(stored.experiment.samples.size() == 2);
    const compare::Sample& sample = stored.experiment.samples[0];
    CHECK(sample.run.usage.user_seconds == 1.0 / 3);
    CHECK(sample.run.rss_over_time.at(1).kib == 2048);
    CHECK(sample.figures.own == 1e-7);
    CHECK_FALSE(sample.figures.throughput);
    CHECK(stored.experiment.samples[1].failure == "timed out");
    CHECK(stored.experiment.samples[1].errors == "not UTF-8: \xEF\xBF\xBD"); // a character that stands for it
    CHECK(plan.configurations[1].ignored.statuses == std::vector{1, 7});
    CHECK(plan.configurations[1].own_figure->words == "x, in ms");
    CHECK(plan.configurations[1].expected_line == "sum = 5");
    CHECK(plan.warm_ups == 3);
    CHECK_FALSE(stored.experiment.complete);
}

TEST_CASE("comparison JSON: a result of an earlier version has one warm-up") {
    std::string text = written(rich());
    const std::string line = " \"warm_ups\": 3,";
    const auto at = text.find("\"warm_ups\": 3,");
    REQUIRE(at != std::string::npos);
    CHECK(read(text.erase(at, line.size() - 1)).experiment.plan.warm_ups == 1);
}

TEST_CASE("comparison JSON: what prepared in an earlier version started a server") {
    const compare::Configuration now = read(written(rich())).experiment.plan.configurations[1];
    CHECK(now.prepare == "sync");
    CHECK(now.server == "server --port 1");
    CHECK(now.parameters == compare::Assignment{{"size", "4"}, {"mode", "fast"}});
    std::string text = written(rich());
    for (auto at = text.find("\"server\""); at != std::string::npos; at = text.find("\"server\"")) {
        text.replace(at, 8, "\"other\"");
    }
    const compare::Configuration then = read(text).experiment.plan.configurations[1];
    CHECK(then.prepare.empty());
    CHECK(then.server == "sync");
}

TEST_CASE("comparison JSON: what is wrong with a text is named") {
    const std::string good = written(rich());
    const auto with = [&](const std::string& before, const std::string& after) {
        std::string text = good;
        const auto at = text.rfind(before);
        REQUIRE(at != std::string::npos);
        return text.replace(at, before.size(), after);
    };
    using Catch::Matchers::Contains;
    CHECK_THROWS_WITH(read(""), Contains("no JSON"));
    CHECK_THROWS_WITH(read("[]"), Contains("no object"));
    CHECK_THROWS_WITH(read(good.substr(0, good.size() / 2)), Contains("cut off"));
    CHECK_THROWS_WITH(read(with("ashlar-comparison", "something-else")), Contains("something-else"));
    CHECK_THROWS_WITH(read(with("\"order_seed\"", "\"x\"")), Contains("order_seed is missing"));
    CHECK_THROWS_WITH(read(with("\"rounds\": 7", "\"rounds\": \"7\"")), Contains("rounds"));
    CHECK_THROWS_WITH(read(with("\"contender\":2", "\"contender\":20")), Contains("samples[0]"));
    CHECK_THROWS_WITH(read(with("\"contender\":2", "\"contender\":-1")), Contains("-1"));
    CHECK_THROWS_WITH(read(with("[0.5,2048]", "[0.5]")), Contains("rss_over_time"));
    CHECK_THROWS_AS(read("{}"), std::invalid_argument);
}
