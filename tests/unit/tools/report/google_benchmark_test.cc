// SPDX-License-Identifier: MIT
#include "report/google_benchmark.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>

using namespace ashlar::report;
using Catch::Matchers::Contains;
using Json = nlohmann::ordered_json;

namespace {

Json entry(const std::string& name, int repetition, double nanoseconds) {
    return {{"name", name},
            {"family_index", 0},
            {"per_family_instance_index", 0},
            {"run_name", name},
            {"run_type", "iteration"},
            {"repetitions", 5},
            {"repetition_index", repetition},
            {"threads", name.ends_with("threads:2") ? 2 : 1},
            {"iterations", 1000},
            {"real_time", nanoseconds * 2},
            {"cpu_time", nanoseconds},
            {"time_unit", "ns"},
            {"faults", 7.0}};
}

Json file(double nanoseconds, int repetitions = 5) {
    Json json = {{"context", {{"date", "2026-01-01"}, {"host_name", "here"}, {"num_cpus", 2}}},
                 {"benchmarks", Json::array()}};
    for (int repetition = 0; repetition < repetitions; ++repetition) {
        json["benchmarks"].push_back(entry("pairs/64", repetition, nanoseconds + repetition));
        json["benchmarks"].push_back(entry("pairs/64/threads:2", repetition, nanoseconds * 2));
    }
    Json mean = entry("pairs/64_mean", 0, 1);
    mean["run_type"] = "aggregate";
    json["benchmarks"].push_back(mean);
    return json;
}

const Sheet& sheet(const Findings& findings, const std::string& key) {
    for (const Sheet& each : findings.sheets) {
        if (each.key == key) {
            return each;
        }
    }
    throw std::logic_error("no sheet " + key);
}

} // namespace

TEST_CASE("google benchmark: recognised by what is in it") {
    CHECK(is_google_benchmark(file(10)));
    CHECK_FALSE(is_google_benchmark(Json::parse(R"({"context": {}})")));
    CHECK_FALSE(is_google_benchmark(Json::parse(R"([1])")));
    CHECK_FALSE(is_google_benchmark(Json::parse(R"({"format": "ashlar-comparison-2"})")));
}

TEST_CASE("google benchmark: one file an allocator, ratios of medians to the first") {
    const Json one = file(10);
    const Json other = file(5);
    const Findings findings =
        google_benchmark_findings({{"", "a/glibc.json", &one}, {"mine", "b.json", &other}});
    REQUIRE(findings.subjects.size() == 2);
    CHECK(findings.subjects[0].name == "glibc");
    CHECK(findings.subjects[1].name == "mine");
    CHECK_FALSE(findings.paired);
    REQUIRE(findings.settings.size() == 2); // the mean is not a setting
    CHECK(findings.settings[0].size == Approx(64));
    CHECK(findings.settings[1].threads == 2);
    const Line& line = sheet(findings, "cpu_nanoseconds").lines[0];
    CHECK(line.entries[0].value->median == 12);
    CHECK(line.entries[0].values.size() == 5);
    CHECK_FALSE(line.entries[0].ratio);
    CHECK(line.entries[1].value->median == 7);
    CHECK(line.entries[1].ratio->median == Approx(7.0 / 12));
    CHECK(line.entries[1].standing == Standing::kBetter);
    CHECK(sheet(findings, "faults").lines[0].entries[1].standing == Standing::kAlike);
    CHECK(findings.samples.size() == 20);
}

TEST_CASE("google benchmark: System is the reference wherever it stands, named by the context too") {
    Json one = file(10);
    Json other = file(5);
    other["context"]["allocator"] = "System";
    const Findings findings = google_benchmark_findings({{"", "a.json", &one}, {"", "b.json", &other}});
    CHECK(findings.subjects[0].name == "System");
    CHECK(findings.subjects[1].name == "a");
}

TEST_CASE("google benchmark: benchmarks that ran in random order are shown in that of the program") {
    Json json = file(10, 1);
    json["benchmarks"][0]["family_index"] = 1;
    const Findings findings = google_benchmark_findings({{"", "a.json", &json}});
    CHECK(findings.settings[0].name == "pairs/64/threads:2");
    CHECK(findings.settings[1].name == "pairs/64");
}

TEST_CASE("google benchmark: units of time are made one") {
    Json json = file(10, 1);
    json["benchmarks"][0]["time_unit"] = "us";
    const Findings findings = google_benchmark_findings({{"", "a.json", &json}});
    CHECK(sheet(findings, "cpu_nanoseconds").lines[0].entries[0].value->median == 10'000);
}

TEST_CASE("google benchmark: with one repetition nothing is said about who is faster") {
    const Json one = file(10, 1);
    const Json other = file(5, 1);
    const Findings findings = google_benchmark_findings({{"", "a.json", &one}, {"", "b.json", &other}});
    CHECK(sheet(findings, "cpu_nanoseconds").lines[0].entries[1].standing == Standing::kUnknown);
}

TEST_CASE("google benchmark: a benchmark that failed is named and is in no figure") {
    Json json = file(10, 2);
    json["benchmarks"][0]["error_occurred"] = true;
    json["benchmarks"][0]["error_message"] = "no memory";
    const Findings findings = google_benchmark_findings({{"", "a.json", &json}});
    REQUIRE(findings.failures.size() == 1);
    CHECK_THAT(findings.failures[0], Contains("pairs/64") && Contains("no memory"));
    CHECK(sheet(findings, "cpu_nanoseconds").lines[0].entries[0].values.size() == 1);
    CHECK(sheet(findings, "cpu_nanoseconds").lines[0].entries[0].failures == 1);
}

TEST_CASE("google benchmark: what is wrong is said with the file's name") {
    Json aggregates = file(10, 0);
    CHECK_THROWS_WITH(google_benchmark_findings({{"", "a.json", &aggregates}}),
                      Contains("a.json") && Contains("--benchmark_report_aggregates_only"));
    Json missing = file(10, 1);
    missing["benchmarks"][0].erase("cpu_time");
    CHECK_THROWS_WITH(google_benchmark_findings({{"", "a.json", &missing}}),
                      Contains("a.json") && Contains("cpu_time") && Contains("pairs/64"));
    Json unit = file(10, 1);
    unit["benchmarks"][0]["time_unit"] = "weeks";
    CHECK_THROWS_WITH(google_benchmark_findings({{"", "a.json", &unit}}), Contains("weeks"));
    Json kind = file(10, 1);
    kind["benchmarks"][0]["threads"] = "many";
    CHECK_THROWS_AS(google_benchmark_findings({{"", "a.json", &kind}}), std::invalid_argument);
    const Json same = file(10, 1);
    CHECK_THROWS_WITH(google_benchmark_findings({{"", "x/a.json", &same}, {"", "y/a.json", &same}}),
                      Contains("called 'a'"));
}
