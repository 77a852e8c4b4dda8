// SPDX-License-Identifier: MIT
// A report must repeat the verdicts of the command that measured the result.
#include "compare/advice.h"
#include "report/comparison_findings.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace ashlar;
using report::StoredComparison;

namespace {

constexpr std::size_t kOther = 1;

// A program without figures of its own. One allocator takes `wall` and `cpu` times System's times.
StoredComparison program(double wall, double cpu, const std::string& server = "") {
    StoredComparison stored;
    compare::Plan& plan = stored.experiment.plan;
    plan.configurations = {{.name = "program",
                            .group = "program",
                            .command = {"program"},
                            .prints = compare::Prints::kAnything,
                            .server = server}};
    plan.contenders =
        compare::contenders({{.name = "System", .library = ""}, {.name = "other", .library = "/o"}});
    plan.rounds = 10;
    stored.provenance.identities.resize(plan.contenders.size());
    for (int round = 1; round <= plan.rounds; ++round) {
        for (std::size_t contender = 0; contender < plan.contenders.size(); ++contender) {
            const double noise = 1 + 0.001 * ((round * 3 + static_cast<int>(contender) * 2) % 5);
            compare::Sample sample{.configuration = 0, .contender = contender, .round = round};
            sample.run.ending = measure::Ending::kExited;
            sample.run.usage.wall_seconds = noise * (contender == kOther ? wall : 1);
            sample.run.usage.user_seconds = noise * (contender == kOther ? cpu : 1);
            sample.run.usage.peak_rss_kib = 1000;
            stored.experiment.samples.push_back(sample);
        }
    }
    return stored;
}

report::Speed reported(const StoredComparison& stored) {
    return report::comparison_findings(stored, "result.json").speed.at(0).at(kOther);
}

compare::Standing said(const StoredComparison& stored) {
    return compare::advise(stored.experiment, compare::evaluate(stored.experiment), 0, kOther)->speed;
}

} // namespace

TEST_CASE("comparison findings: a program is faster by what `compare` itself goes by, wall and CPU time") {
    for (const char* const server : {"", "server"}) {
        const StoredComparison less_wall = program(0.8, 1, server);
        CHECK(said(less_wall) == compare::Standing::kBetter);
        CHECK(reported(less_wall).standing == report::Standing::kBetter);
        CHECK(reported(less_wall).ratio.value() == Approx(std::sqrt(1 / 0.8)).epsilon(0.01));

        const StoredComparison less_cpu = program(1, 0.8, server);
        CHECK(said(less_cpu) == compare::Standing::kBetter);
        CHECK(reported(less_cpu).standing == report::Standing::kBetter);

        const StoredComparison torn = program(0.8, 1.25, server);
        CHECK(said(torn) == compare::Standing::kAlike);
        CHECK(reported(torn).standing == report::Standing::kAlike);
        CHECK(reported(torn).ratio.value() == Approx(1).epsilon(0.01));
    }
}

TEST_CASE("comparison findings: too few rounds tell nothing about speed") {
    StoredComparison few = program(0.5, 0.5);
    few.experiment.samples.resize(3 * 4); // four rounds of System, the other allocator, and System again
    CHECK(reported(few).standing == report::Standing::kUnknown);
}
