// SPDX-License-Identifier: MIT
#include "suite/languages.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

using namespace ashlar;
using suite::TaskSize;

namespace {

// The test suite itself needs Python, so Python is always available. Python needs no compilation.
suite::LanguageSuite python(std::vector<std::string> tasks = {}, TaskSize size = TaskSize::kTiny) {
    return suite::language_suite(
        {.languages = {"python"}, .tasks = std::move(tasks), .size = size, .cache = "/nowhere"});
}

} // namespace

TEST_CASE("languages: ten, each with facts of its own") {
    CHECK(suite::language_words() == std::vector<std::string>{"c", "c++", "go", "rust", "python", "node",
                                                              "ruby", "perl", "lua", "java"});
    std::set<std::string> names;
    for (const compare::LanguageFacts& facts : suite::language_facts()) {
        INFO(facts.name);
        CHECK(names.insert(facts.name).second);
        CHECK_FALSE(facts.memory.empty());
        CHECK(facts.least > 0);
        CHECK(facts.least <= facts.most);
    }
    CHECK(names.size() == 10);
}

TEST_CASE("languages: a runtime that does not use malloc for its objects is named as such") {
    std::set<std::string> others;
    for (const compare::LanguageFacts& facts : suite::language_facts()) {
        if (facts.memory.starts_with("not malloc")) {
            others.insert(facts.name);
        }
    }
    CHECK(others == std::set<std::string>{"Go", "Java", "Node.js"});
}

TEST_CASE("languages: four tasks, whose results are known at every size") {
    CHECK(suite::task_words() == std::vector<std::string>{"fibonacci", "trees", "arrays", "strings"});
    for (const std::string& task : suite::task_words()) {
        std::set<std::string> lines;
        for (const TaskSize size : {TaskSize::kTiny, TaskSize::kQuick, TaskSize::kUsual}) {
            lines.insert(suite::expected_checksum(task, size));
        }
        CHECK(lines.size() == 3);
        CHECK(lines.begin()->starts_with("checksum = "));
    }
    CHECK(suite::expected_checksum("no_such", TaskSize::kTiny).empty());
}

TEST_CASE("languages: a configuration is one task in one language") {
    const suite::LanguageSuite found = python();
    CHECK(found.missing.empty());
    REQUIRE(found.configurations.size() == 4);
    const compare::Configuration& trees = found.configurations[1];
    CHECK(trees.name == "Python, trees");
    CHECK(trees.group == "Python");
    CHECK(trees.prints == compare::Prints::kAnything);
    CHECK(trees.expected_line == "checksum = 187054");
    REQUIRE(trees.own_figure);
    CHECK(trees.own_figure->less_is_better);
    REQUIRE(trees.command.size() == 5);
    CHECK(trees.command[0].starts_with("/"));
    CHECK(std::filesystem::path(trees.command[1]) == suite::language_source("tasks.py"));
    CHECK(trees.command[2] == "trees");
    CHECK(trees.command[3] == "4");
    CHECK(trees.command[4] == "3");
}

TEST_CASE("languages: tasks and sizes are those asked for") {
    const suite::LanguageSuite found = python({"strings", "fibonacci"}, TaskSize::kQuick);
    REQUIRE(found.configurations.size() == 2);
    CHECK(found.configurations[0].command[2] == "fibonacci");
    CHECK(found.configurations[0].command[3] == "30");
    CHECK(found.configurations[1].command[2] == "strings");
}

TEST_CASE("languages: every source is there, and another one is missed") {
    for (const char* const name : {"tasks.c", "tasks.cc", "tasks.go", "tasks.rs", "tasks.py", "tasks.js",
                                   "tasks.rb", "tasks.pl", "tasks.lua", "Tasks.java"}) {
        CHECK(std::filesystem::is_regular_file(suite::language_source(name)));
    }
    CHECK_THROWS_WITH(suite::language_source("tasks.zig"), Catch::Contains("languages/tasks.zig is missing"));
}
