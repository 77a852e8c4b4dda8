// SPDX-License-Identifier: MIT
#include "compare/figures.h"
#include "suite/workloads.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

using ashlar::compare::Configuration;
using ashlar::compare::read_figures;
namespace suite = ashlar::suite;

namespace {

suite::Settings settings(std::vector<unsigned> threads = {}) {
    return {.threads = std::move(threads),
            .sizes = {"16", "64-128"},
            .seconds = 0.1,
            .long_seconds = 0.25,
            .scale_mib = 12,
            .long_rounds = 5,
            .operations = suite::kUsualOperations,
            .seed = 7};
}

} // namespace

TEST_CASE("suite: every workload has command lines of programs that exist, each with a name of its own") {
    std::set<std::string> names;
    for (const suite::Workload& workload : suite::workloads()) {
        CHECK_FALSE(workload.about.empty());
        const auto configurations = suite::configurations(workload.name, settings());
        CHECK_FALSE(configurations.empty());
        for (const Configuration& configuration : configurations) {
            INFO(configuration.name);
            CHECK(names.insert(configuration.name).second);
            CHECK(std::filesystem::exists(configuration.command.front()));
            CHECK(std::filesystem::path(configuration.command.front()).filename() == workload.name);
            CHECK(configuration.group.starts_with(workload.name));
        }
    }
    CHECK_THROWS_AS(suite::configurations("no_such", settings()), std::runtime_error);
}

TEST_CASE("suite: the usual workloads are those whose figures are shown") {
    std::vector<std::string> usual;
    for (const suite::Workload& workload : suite::workloads()) {
        if (workload.usual) {
            usual.push_back(workload.name);
        }
    }
    CHECK(usual == std::vector<std::string>{"larson", "random_mixed", "fragmentation", "long_run"});
}

TEST_CASE("suite: thread counts that are asked for hold for every workload with threads") {
    CHECK(suite::configurations("larson", settings()).size() == 4);
    for (const char* const name : {"larson", "grow_vectors", "mixed_lifetimes", "short_threads", "latency"}) {
        const auto configurations = suite::configurations(name, settings({3, 5}));
        REQUIRE(configurations.size() == 2);
        CHECK(configurations[0].threads == 3);
        CHECK(configurations[1].threads == 5);
        CHECK(configurations[1].name == std::string(name) + ", 5 threads");
    }
    CHECK(suite::configurations("batches", settings({1})).size() == 2);
}

TEST_CASE("suite: fewer operations are fewer everywhere, but never none") {
    auto less = settings({1});
    less.operations = suite::kUsualOperations / 2;
    CHECK(suite::configurations("grow_vectors", less)[0].operations == 500'000);
    less.operations = 1;
    CHECK(suite::configurations("replace_large", less)[0].command.at(1) == "1");
}

TEST_CASE("suite: percentiles of latency are read from the lines that name them") {
    const auto figures = read_figures("malloc p50 = 24.8 ns\nmalloc p99.9 = 287.6 ns\nfree p99.99 = 1.5 us\n"
                                      "clock p50 = 16.0 ns\nfree max = 9.0 ns\nfree p99 = 34.0 ns\n"
                                      "Throughput = 5 operations per second\n");
    const ashlar::compare::Latencies expected{24.8, {}, 287.6, {}, {}, 34.0, {}, {}};
    CHECK(figures.latencies == expected);
    CHECK(figures.throughput == 5);
}
