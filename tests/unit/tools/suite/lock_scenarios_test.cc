// SPDX-License-Identifier: MIT
#include "suite/lock_scenarios.h"

#include <catch2/catch.hpp>

using namespace ashlar;

namespace {

suite::LockScenarioSource source(bool quick = false) {
    return {.program = "/bin/scenario",
            .types = {{.name = "plain", .own_keys = {}},
                      {.name = "pairs", .own_keys = {"random_order", "tasks"}}},
            .file = "own.toml",
            .quick = quick,
            .seed = 7};
}

constexpr const char* kTwo = R"(
[[configuration]]
name = "one"
type = "plain"
threads = 3
hold_us = 5
time_limit_s = 30
quick = { threads = 2, operations = 10 }

[[configuration]]
name = "two"
type = "pairs"
random_order = false
seed = 9
time_limit_s = 1
)";

// Returns the error message for the text, or "" if the text is valid.
std::string refusal(const std::string& text) {
    try {
        suite::read_lock_scenarios(text, source());
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

// Returns the error message for a complete entry with one more line.
std::string refusal_with(const std::string& line) {
    return refusal("[[configuration]]\nname = \"one\"\ntype = \"plain\"\ntime_limit_s = 5\n" + line + "\n");
}

} // namespace

TEST_CASE("lock scenarios: an entry becomes a command line") {
    const auto all = suite::read_lock_scenarios(kTwo, source());
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "one");
    CHECK(all[0].group == "plain");
    CHECK(all[0].threads == 3);
    CHECK(all[0].time_limit == std::chrono::seconds(30));
    CHECK(all[0].command == std::vector<std::string>{"/bin/scenario", "--type", "plain", "--threads", "3",
                                                     "--hold-us", "5", "--seed", "7"});
    CHECK(all[1].command == std::vector<std::string>{"/bin/scenario", "--type", "pairs", "--threads", "4",
                                                     "--seed", "9", "--random-order", "0"});
}

TEST_CASE("lock scenarios: quick replaces what it names") {
    const auto all = suite::read_lock_scenarios(kTwo, source(true));
    CHECK(all[0].threads == 2);
    CHECK(all[0].command == std::vector<std::string>{"/bin/scenario", "--type", "plain", "--threads", "2",
                                                     "--operations", "10", "--hold-us", "5", "--seed", "7"});
}

TEST_CASE("lock scenarios: types and their keys are read line by line") {
    const auto types = suite::parse_lock_scenario_types("async tasks permits\nhierarchy\n");
    REQUIRE(types.size() == 2);
    CHECK(types[0].name == "async");
    CHECK(types[0].own_keys == std::vector<std::string>{"tasks", "permits"});
    CHECK(types[1].own_keys.empty());
}

TEST_CASE("lock scenarios: only those named, in the order of the file") {
    const auto all = suite::read_lock_scenarios(kTwo, source());
    CHECK(suite::only(all, {}).size() == 2);
    const auto chosen = suite::only(all, {"two"});
    REQUIRE(chosen.size() == 1);
    CHECK(chosen[0].name == "two");
    CHECK_THROWS_WITH(suite::only(all, {"two", "three"}),
                      "no configuration is called 'three'; there are one, two");
}

TEST_CASE("lock scenarios: a mistake is named with its line and the remedy") {
    CHECK(refusal(kTwo) == "");
    CHECK_THAT(refusal("[[configuration]\n"), Catch::StartsWith("own.toml, line 1: it is no TOML: "));
    CHECK_THAT(refusal("name = "), Catch::StartsWith("own.toml, line 1: it is no TOML: "));
    CHECK(refusal("") == "own.toml has no configuration; each begins with a line [[configuration]]");
    CHECK(refusal("other = 1\n") == "own.toml, line 1: there is no key 'other' outside of [[configuration]]");
    CHECK(refusal("configuration = [1]\n") ==
          "own.toml, line 1: a configuration must be a table, [[configuration]]");
    CHECK(refusal("[[configuration]]\ntype = \"plain\"\n") ==
          "own.toml, line 1: name is missing; every configuration has one");
    CHECK(refusal("[[configuration]]\nname = 3\n") ==
          "own.toml, line 2: name must be a text in quotes, without commas");
    CHECK(refusal("[[configuration]]\nname = \"a\"\ntype = \"plane\"\n") ==
          "own.toml, line 3: a: there is no type 'plane'; there are plain, pairs");
    CHECK(refusal("[[configuration]]\nname = \"a\"\ntype = \"plain\"\n") ==
          "own.toml, line 1: a: time_limit_s is missing; every configuration has one");
    CHECK(refusal_with("threads = 0") ==
          "own.toml, line 5: one: threads is 0; it must be a whole number from 1 to 1024");
    CHECK(refusal_with("threads = -1") ==
          "own.toml, line 5: one: threads is -1; it must be a whole number from 1 to 1024");
    CHECK(refusal_with("threads = 1.5") ==
          "own.toml, line 5: one: threads is 1.5; it must be a whole number from 1 to 1024");
    CHECK_THAT(refusal_with("threads = \"3\""), Catch::Contains("must be a whole number from 1 to 1024"));
    CHECK_THAT(refusal_with("operations = true"), Catch::Contains("operations is true; it must be"));
    CHECK_THAT(refusal_with("thread = 3"),
               Catch::StartsWith("own.toml, line 5: one: there is no key 'thread'"));
    CHECK(refusal_with("tasks = 3") == "own.toml, line 5: one: plain does not take tasks");
    CHECK_THAT(refusal_with("quick = 3"), Catch::StartsWith("own.toml, line 5: one: quick must be a table"));
    CHECK_THAT(refusal_with("quick = { threads = 0 }"), Catch::Contains("threads is 0"));
    CHECK_THAT(refusal("[[configuration]]\nname = \"a\"\ntype = \"plain\"\ntime_limit_s = 0\n"),
               Catch::Contains("time_limit_s must be a whole number from 1 to 86400"));
    const std::string entry = "[[configuration]]\nname = \"a\"\ntype = \"plain\"\ntime_limit_s = 5\n";
    CHECK(refusal(entry + entry) == "own.toml, line 5: two configurations are called 'a'");
}
