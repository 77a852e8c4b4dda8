// SPDX-License-Identifier: MIT
#include "compare/advice.h"
#include "report/program_text.h"

#include <catch2/catch.hpp>

using namespace ashlar;
using namespace ashlar::compare;

namespace {

constexpr std::size_t kOther = 1;

// One allocator's figures for a program, relative to System.
struct Behaviour {
    double wall = 1;
    double cpu = 1;
    double rss = 1;
    double own = 1;
};

// Returns reproducible noise. System's two runs differ by at most 1 %.
double noise(int round, std::size_t contender) {
    constexpr std::array kNoise{1.0, 1.004, 0.997, 1.002, 0.995};
    return kNoise[(static_cast<std::size_t>(round) * 3 + contender * 2) % kNoise.size()];
}

Experiment program(const std::vector<Behaviour>& others, int rounds = 10) {
    std::vector<allocators::Allocator> all{{.name = "System", .library = ""}};
    for (std::size_t index = 0; index < others.size(); ++index) {
        all.push_back({.name = "other" + std::to_string(index + 1), .library = "/o.so"});
    }
    Experiment experiment;
    experiment.plan.configurations = {
        {.name = "program", .group = "program", .command = {"program"}, .prints = Prints::kAnything}};
    experiment.plan.contenders = contenders(all);
    experiment.plan.rounds = rounds;
    experiment.complete = true;
    for (int round = 1; round <= rounds; ++round) {
        for (std::size_t contender = 0; contender < experiment.plan.contenders.size(); ++contender) {
            const bool is_other = contender >= 1 && contender <= others.size();
            const Behaviour each = is_other ? others[contender - 1] : Behaviour{};
            Sample sample{.configuration = 0, .contender = contender, .round = round};
            sample.run.ending = measure::Ending::kExited;
            sample.run.usage.wall_seconds = each.wall * noise(round, contender);
            sample.run.usage.user_seconds = each.cpu * noise(round, contender);
            sample.run.usage.peak_rss_kib =
                static_cast<std::uint64_t>(1e6 * each.rss * noise(round, contender));
            sample.figures.own = 100 * each.own * noise(round, contender);
            experiment.samples.push_back(sample);
        }
    }
    return experiment;
}

Advice advice_on(const Behaviour& behaviour) {
    const Experiment experiment = program({behaviour});
    return advise(experiment, evaluate(experiment), 0, kOther).value();
}

std::string text_of(const Experiment& experiment) {
    return report::program_text(experiment, evaluate(experiment), {.columns = 500});
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// Returns the first line that starts with `name`.
std::string line_of(const std::string& text, const std::string& name) {
    const auto start = text.find("\n" + name + " ") + 1;
    return text.substr(start, text.find('\n', start) - start);
}

} // namespace

TEST_CASE("advice: faster, slower, alike, and contradictory") {
    CHECK(advice_on({.wall = 0.8, .cpu = 0.8}).speed == Standing::kBetter);
    CHECK(advice_on({.wall = 1.0, .cpu = 0.8}).speed == Standing::kBetter);
    CHECK(advice_on({.wall = 1.2, .cpu = 1.0}).speed == Standing::kWorse);
    CHECK(advice_on({}).speed == Standing::kAlike);
    const Advice torn = advice_on({.wall = 0.8, .cpu = 1.2});
    CHECK(torn.contradictory);
    CHECK(torn.speed == Standing::kAlike);
    CHECK(advice_on({.rss = 0.5}).memory == Standing::kBetter);
    CHECK(advice_on({.rss = 2}).memory == Standing::kWorse);
}

TEST_CASE("advice: a program's own figure decides where there is one") {
    Experiment experiment = program({{.wall = 0.5, .cpu = 0.5, .own = 0.8}});
    experiment.plan.configurations[0].own_figure = OwnFigure{.pattern = "(.*)"};
    CHECK(advise(experiment, evaluate(experiment), 0, kOther)->speed == Standing::kWorse);
    experiment.plan.configurations[0].own_figure->less_is_better = true;
    CHECK(advise(experiment, evaluate(experiment), 0, kOther)->speed == Standing::kBetter);
    CHECK(speed_metrics(experiment.plan.configurations[0]) == std::vector{Metric::kOwnCost});
}

TEST_CASE("advice: the fastest, else the leanest of those that are as fast, else none") {
    const auto best = [](const std::vector<Behaviour>& others) {
        const Experiment experiment = program(others);
        return best_choice(experiment, evaluate(experiment), 0);
    };
    CHECK(best({{.wall = 0.9, .cpu = 0.9}, {.wall = 0.7, .cpu = 0.7, .rss = 3}, {.rss = 0.1}}) == 2U);
    CHECK(best({{.rss = 0.8}, {.rss = 0.7}, {.wall = 1.3, .cpu = 1.3, .rss = 0.1}}) == 2U);
    CHECK_FALSE(best({{}, {.wall = 1.5, .cpu = 1.5}, {.wall = 0.5, .cpu = 1.5, .rss = 0.5}}));
    const auto lean = [](const std::vector<Behaviour>& others) {
        const Experiment experiment = program(others);
        return leanest(experiment, evaluate(experiment), 0);
    };
    CHECK(lean({{.rss = 0.8}, {.rss = 0.7}, {.wall = 1.3, .cpu = 1.3, .rss = 0.1}}) == 3U);
    CHECK_FALSE(lean({{.wall = 0.5, .cpu = 0.5}, {.rss = 1.2}}));
}

TEST_CASE("advice: one that failed now and then is not to be taken") {
    Experiment experiment = program({{.wall = 0.5, .cpu = 0.5}});
    CHECK(best_choice(experiment, evaluate(experiment), 0) == kOther);
    experiment.samples[1].failure = "killed by SIGSEGV";
    CHECK_FALSE(best_choice(experiment, evaluate(experiment), 0));
}

TEST_CASE("advice: a machine that changed on the way is noticed") {
    Experiment experiment = program({{}}, 20);
    CHECK_FALSE(shift_of_system(experiment, 0, Metric::kCpu));
    for (Sample& sample : experiment.samples) {
        sample.run.usage.user_seconds *= sample.round > 10 ? 1.5 : 1;
    }
    const auto shift = shift_of_system(experiment, 0, Metric::kCpu);
    REQUIRE(shift);
    CHECK(shift->second_half / shift->first_half == Approx(1.5).epsilon(0.01));
    CHECK(shift->p < 0.001);
    CHECK(contains(text_of(experiment), "The machine changed on the way"));
}

TEST_CASE("program text: speed and memory are judged apart, and what to take follows from both") {
    const auto says = [](const std::vector<Behaviour>& others, const std::vector<std::string>& parts) {
        const std::string text = text_of(program(others));
        for (const std::string& part : parts) {
            INFO(text);
            CHECK(contains(text, part));
        }
    };
    says({{}},
         {"Speed: no measurable difference.", "Memory: no measurable difference.", "Verdict: keep System."});
    says({{.rss = 1.17}},
         {"  other1: no measurable difference: wall time 1.00× (", "\n    more memory: peak RSS 1.17× (",
          "Speed: no measurable difference.", "Memory: other1 needs more than System: peak RSS 1.17× (",
          "Verdict: keep System."});
    says({{.wall = 0.8, .cpu = 0.8, .rss = 1.5}},
         {"Speed: other1 is the fastest: wall time 0.80× (",
          "other1 needs more than System: peak RSS 1.50× (",
          "Verdict: other1 for its speed, which costs memory; System if memory counts more."});
    says({{.wall = 0.8, .cpu = 0.8, .rss = 0.5}},
         {"Memory: other1 needs the least: peak RSS 0.50× (",
          "Verdict: other1, which is faster and needs less memory than System."});
    says({{.wall = 0.8, .cpu = 0.8}, {.rss = 0.5}},
         {"Verdict: other1 for its speed; other2 if memory counts more."});
    says({{.wall = 1.2, .cpu = 1.2}},
         {"Speed: nothing is measurably faster than System; slower: other1.", "Verdict: keep System."});
    says({{.wall = 0.8, .cpu = 1.2}}, {"than System; faster in one figure and slower in another: other1."});
    says({{.rss = 0.5}},
         {"Verdict: other1 for its memory; its speed differs from System's by nothing measurable."});
    says({{.wall = 1.2, .cpu = 1.2, .rss = 0.5}},
         {"Verdict: keep System, unless memory counts more than speed: then other1."});
    says({{.cpu = 0.8}}, {"  other1: faster: wall time 1.00× (", "CPU time 0.80× (",
                          "Differences below these could not be seen: wall time "});
    const std::string few = text_of(program({{.wall = 0.5, .cpu = 0.5}}, 3));
    CHECK(contains(few, "Verdict: none, as nothing can be told"));
    CHECK(contains(few, "  other1: too few rounds to say: wall time 0.50× (interval unknown)"));
    CHECK_FALSE(contains(few, "Speed:"));
}

TEST_CASE("program text: every allocator has its line, also one whose runs all failed") {
    Experiment experiment = program({{}, {}});
    for (Sample& sample : experiment.samples) {
        sample.failure = sample.contender == 2 ? "timed out" : "";
    }
    const std::string some = text_of(experiment);
    CHECK(contains(line_of(some, "other2"), "failed"));
    CHECK_FALSE(contains(line_of(some, "other1"), "failed"));
    CHECK(contains(some, "!  other2, round 1, round 2, round 3,"));
    CHECK(contains(some, "round 10: timed out\n"));
    CHECK(contains(some, "other2: nothing that can be compared"));
    for (Sample& sample : experiment.samples) {
        sample.failure = "timed out";
    }
    const std::string none = text_of(experiment);
    CHECK(contains(line_of(none, "System"), "failed"));
    CHECK(contains(none, "Verdict: none, as no run under System counts."));
}
