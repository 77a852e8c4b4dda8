// SPDX-License-Identifier: MIT
#include "compare/figures.h"
#include "compare/result.h"
#include "report/comparison_json.h"
#include "report/comparison_text.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ashlar;
using namespace ashlar::compare;

namespace {

constexpr std::size_t kOther = 1;
constexpr std::size_t kControl = 2;

Experiment two_allocators(int rounds) {
    Experiment experiment;
    experiment.plan.configurations = {
        {.name = "work, 1 thread", .group = "work", .command = {"work"}, .threads = 1, .operations = 1e6},
        {.name = "work, 4 threads", .group = "work", .command = {"work"}, .threads = 4, .seconds = 0.5},
    };
    experiment.plan.contenders =
        contenders({{.name = "System", .library = ""}, {.name = "other", .library = "/o.so"}});
    experiment.plan.rounds = rounds;
    experiment.complete = true;
    return experiment;
}

void add(Experiment& experiment, std::size_t configuration, std::size_t contender, int round,
         double throughput, double cpu_seconds, std::uint64_t peak_rss_kib) {
    Sample sample{.configuration = configuration, .contender = contender, .round = round};
    sample.figures.throughput = throughput;
    sample.run.ending = measure::Ending::kExited;
    sample.run.usage.user_seconds = cpu_seconds;
    sample.run.usage.peak_rss_kib = peak_rss_kib;
    experiment.samples.push_back(sample);
}

void add_failure(Experiment& experiment, std::size_t configuration, std::size_t contender, int round) {
    Sample sample{.configuration = configuration, .contender = contender, .round = round};
    sample.failure = "timed out";
    experiment.samples.push_back(sample);
}

// The machine doubles its speed each round. `other` is always 1.5 times as fast as System.
Experiment drifting(int rounds) {
    Experiment experiment = two_allocators(rounds);
    for (std::size_t configuration : {0U, 1U}) {
        for (int round = kWarmUp; round <= rounds; ++round) {
            const double speed = round == kWarmUp ? 1e12 : 1e6 * (1 << round);
            add(experiment, configuration, kReference, round, speed, 1, 1000);
            add(experiment, configuration, kOther, round, speed * 1.5, 0.5, 2000);
            if (round != kWarmUp) {
                add(experiment, configuration, kControl, round, speed, 1, 1000);
            }
        }
    }
    return experiment;
}

} // namespace

TEST_CASE("result: System takes part again as the control, at the end") {
    const Experiment experiment = two_allocators(1);
    REQUIRE(experiment.plan.contenders.size() == 3);
    CHECK(experiment.plan.contenders[kControl].is_control);
    CHECK(experiment.plan.contenders[kControl].allocator.is_system());
    CHECK_FALSE(experiment.plan.contenders[kReference].is_control);
}

TEST_CASE("result: ratios are taken within rounds, so that a drift of the machine cancels out") {
    const Experiment experiment = drifting(7);
    const Result result = evaluate(experiment);
    REQUIRE(result.rows.size() == 2);
    const auto& throughput = result.rows[0].cells[kOther].of(Metric::kThroughput);
    REQUIRE(throughput);
    CHECK(throughput->median == Approx(1.5 * 16e6));
    REQUIRE(throughput->to_system);
    CHECK(throughput->to_system->median == Approx(1.5));
    CHECK(throughput->to_system->interval.half_width() == Approx(0).margin(1e-9));
    CHECK(result.rows[0].cells[kOther].samples == 7); // without the warm-up
    CHECK_FALSE(result.rows[0].cells[kReference].of(Metric::kThroughput)->to_system);
}

TEST_CASE("result: CPU time per operation, by the number of operations or by the time") {
    const Experiment experiment = drifting(5);
    const Result result = evaluate(experiment);
    const auto& counted = result.rows[0].cells[kOther].of(Metric::kCpuPerOperation);
    REQUIRE(counted);
    CHECK(counted->median == Approx(0.5e9 / 1e6));
    CHECK(counted->to_system->median == Approx(0.5));
    const auto& timed = result.rows[1].cells[kReference].of(Metric::kCpuPerOperation);
    REQUIRE(timed);
    CHECK(timed->median == Approx(1e9 / (8e6 * 0.5)));
}

TEST_CASE("result: the reference is the mean of both of System's runs of a round") {
    Experiment experiment = two_allocators(5);
    for (int round = 1; round <= 5; ++round) {
        add(experiment, 0, kReference, round, 1e6, 1, 1000);
        add(experiment, 0, kControl, round, 4e6, 1, 1000);
        add(experiment, 0, kOther, round, 2e6, 1, 1000);
    }
    const Result result = evaluate(experiment);
    CHECK(result.rows[0].cells[kOther].of(Metric::kThroughput)->to_system->median == Approx(1));
    REQUIRE(result.rows[0].control_of(Metric::kThroughput));
    CHECK(result.rows[0].control_of(Metric::kThroughput)->median == Approx(4));
    CHECK(is_noisy(result.rows[0].control_of(Metric::kThroughput)));
    CHECK_FALSE(is_noisy(result.rows[0].control_of(Metric::kPeakRss)));
}

TEST_CASE("result: a run that failed is counted as such and is in no figure") {
    Experiment experiment = drifting(6);
    for (Sample& sample : experiment.samples) {
        if (sample.contender == kOther && sample.round == 6 && sample.configuration == 0) {
            sample.failure = "killed by SIGSEGV";
            sample.figures.throughput = 1;
        }
        if (sample.contender == kOther && sample.configuration == 1) {
            sample.failure = "timed out";
        }
    }
    const Result result = evaluate(experiment);
    CHECK(result.rows[0].cells[kOther].samples == 5);
    CHECK(result.rows[0].cells[kOther].failures == 1);
    CHECK(result.rows[0].cells[kOther].of(Metric::kThroughput)->to_system->median == Approx(1.5));
    CHECK_FALSE(result.rows[1].cells[kOther].of(Metric::kThroughput));
    CHECK_FALSE(mean_ratio(experiment, result, "work", kOther, Metric::kThroughput));
}

TEST_CASE("result: means over a group, and who is faster") {
    const Experiment experiment = drifting(6);
    const Result result = evaluate(experiment);
    CHECK(mean_ratio(experiment, result, "work", kOther, Metric::kPeakRss) == Approx(2));
    CHECK_FALSE(mean_ratio(experiment, result, "no such group", kOther, Metric::kPeakRss));
    for (const std::size_t configuration : {0U, 1U}) {
        CHECK(speed_of(experiment, result, configuration, kOther)->standing == Standing::kBetter);
        CHECK(memory_of(result, configuration, kOther) == Standing::kWorse);
        CHECK_FALSE(memory_of(result, configuration, kReference));
    }
    CHECK(standing(*result.rows[0].cells[kOther].of(Metric::kPeakRss)->to_system, Metric::kPeakRss) ==
          Standing::kWorse);
    CHECK(speed_metrics(experiment.plan.configurations[0]) == std::vector{Metric::kCpuPerOperation});
    CHECK(speed_metrics(experiment.plan.configurations[1]) == std::vector{Metric::kThroughput});
}

TEST_CASE("result: the throughput is read from the last line only") {
    const auto throughput = [](const char* output) { return read_figures(output).throughput; };
    CHECK(throughput("Throughput = 12345 operations per second\n") == 12345.0);
    CHECK(throughput("x\nThroughput = 1.5 operations per second") == 1.5);
    CHECK_FALSE(throughput("Throughput = 12345 operations per second\nkilled\n"));
    CHECK_FALSE(throughput("Throughput =  operations per second\n"));
    CHECK_FALSE(throughput("Throughput = 0 operations per second\n"));
    CHECK_FALSE(throughput("Throughput = nan operations per second\n"));
    CHECK_FALSE(throughput("Throughput = 12x operations per second\n"));
    CHECK_FALSE(throughput(""));
}

TEST_CASE("result: the figures of memory and of long runs are read") {
    const Figures memory = read_figures("grow 1.5\nRSS / live = 2.204 (geometric mean of the phase ends)\n");
    CHECK(memory.rss_per_live == 2.204);
    CHECK_FALSE(memory.throughput);
    CHECK_FALSE(read_figures("RSS / live = inf (geometric mean of the phase ends)\n").rss_per_live);
    CHECK_FALSE(read_figures("RSS / live = 2.204 (geometric mean of the phase ends)\nx\n").rss_per_live);

    const Figures slices = read_figures("Throughput drift = -1.25 %\nRSS drift = 0.50 %\n"
                                        "Throughput = 5 operations per second\n");
    CHECK(slices.throughput == 5.0);
    CHECK(slices.throughput_drift == -1.25);
    CHECK(slices.rss_drift == 0.5);
    CHECK_FALSE(read_figures("RSS drift = nan %\n").rss_drift);
}

TEST_CASE("result: figures that a command does not print are missing, and its row with them") {
    Experiment experiment = drifting(5);
    for (Sample& sample : experiment.samples) {
        if (sample.configuration == 1) {
            sample.figures = {.rss_per_live = sample.contender == kOther ? 1.5 : 3};
        } else {
            sample.figures.rss_drift = sample.contender == kOther ? 2 : 0;
        }
    }
    const Result result = evaluate(experiment);
    CHECK_FALSE(has(result.rows[1], Metric::kThroughput));
    CHECK_FALSE(has(result.rows[1], Metric::kCpuPerOperation));
    CHECK_FALSE(has(result.rows[0], Metric::kRssPerLive));
    const auto& leaner = result.rows[1].cells[kOther].of(Metric::kRssPerLive);
    REQUIRE(leaner);
    CHECK(leaner->to_system->median == Approx(0.5));
    CHECK(standing(*leaner->to_system, Metric::kRssPerLive) == Standing::kBetter);
    const auto& growing = result.rows[0].cells[kOther].of(Metric::kRssKept);
    REQUIRE(growing);
    CHECK(growing->median == Approx(1.02));
    CHECK(standing(*growing->to_system, Metric::kRssKept) == Standing::kWorse);

    const std::string text = report::comparison_text(experiment, result, {.columns = 500, .processors = 8});
    const auto lines_with = [&](const std::string& part) {
        int lines = 0;
        for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
            ++lines;
        }
        return lines;
    };
    CHECK(lines_with("work, 1 thread ") == 4);  // throughput, peak RSS, CPU, drift of RSS
    CHECK(lines_with("work, 4 threads ") == 2); // peak RSS, RSS / live
    CHECK(lines_with("Drift of throughput") == 0);
}

TEST_CASE("plan: a configuration may take part in fewer rounds, not in more") {
    Plan plan;
    plan.rounds = 7;
    Configuration configuration;
    CHECK(plan.rounds_of(configuration) == 7);
    configuration.most_rounds = 5;
    CHECK(plan.rounds_of(configuration) == 5);
    configuration.most_rounds = 9;
    CHECK(plan.rounds_of(configuration) == 7);
}

TEST_CASE("report: the text marks what must not be trusted and names what failed") {
    Experiment experiment = drifting(6);
    add_failure(experiment, 0, kOther, 3);
    const std::string text =
        report::comparison_text(experiment, evaluate(experiment), {.columns = 500, .processors = 2});
    CHECK(text.find("work, 4 threads †") != std::string::npos);
    CHECK(text.find("work, 1 thread †") == std::string::npos);
    CHECK(text.find("1.50× (1.50 to 1.50)") != std::string::npos);
    CHECK(text.find("other: faster than System in 2 of 2, slower in 0, no measurable difference in 0;\n    "
                    "less memory "
                    "in 0 of 2, more in 2, no measurable difference in 0") != std::string::npos);
    CHECK(text.find("work, 1 thread under other, round 3: timed out") != std::string::npos);
    CHECK(text.find("noisy") == std::string::npos);
    CHECK(text.find('\033') == std::string::npos);
}

TEST_CASE("report: the JSON holds every sample and is valid without any") {
    Experiment experiment = drifting(5);
    add_failure(experiment, 1, kOther, 5);
    report::Provenance provenance;
    provenance.identities.resize(experiment.plan.contenders.size());
    provenance.machine.usable_processors = 2;
    const auto json = report::comparison_json(experiment, evaluate(experiment), provenance);
    CHECK(json["format"] == report::kFormat);
    CHECK(json["samples"].size() == experiment.samples.size());
    CHECK(json["samples"].back()["failure"] == "timed out");
    CHECK(json["configurations"][1]["oversubscribed"] == true);
    CHECK(json["configurations"][0]["result"]["by_contender"][kOther]["operations_per_second"]["to_system"]
              ["median"] == Approx(1.5));

    const auto& verdict = json["configurations"][0]["verdict"];
    CHECK(verdict["speed"].get<std::string>().starts_with(
        "other is the fastest: CPU time per operation 0.50× ("));
    CHECK(verdict["memory"].get<std::string>().starts_with("other needs more than System: peak RSS 2.00× ("));
    CHECK(verdict["choice"] == "other for its speed, which costs memory; System if memory counts more.");
    CHECK(verdict["by_allocator"][0]["name"] == "other");

    Experiment nothing = two_allocators(5);
    nothing.complete = false;
    const auto empty =
        nlohmann::json::parse(report::comparison_json(nothing, evaluate(nothing), provenance).dump());
    CHECK(empty["complete"] == false);
    CHECK_FALSE(report::comparison_text(nothing, evaluate(nothing), {}).empty());
}
