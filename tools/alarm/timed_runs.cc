// SPDX-License-Identifier: MIT
#include "alarm/timed_runs.h"

#include "alarm/timed_figures.h"
#include "measure/time_limit.h"
#include "statistics/summary.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sys/resource.h>
#include <utility>

namespace ashlar::alarm {

using compare::Configuration;
using compare::Experiment;
using compare::Sample;

namespace {

constexpr double kFirstLimitSeconds = 30; // of a run in the warm-up, on a quick machine

double own_cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

} // namespace

TimedRuns run_timed(const Request& request, std::vector<Configuration> configurations, Rounds rounds,
                    const machine::Interrupt& interrupt, const compare::Observer& observer) {
    compare::Plan plan;
    plan.configurations = std::move(configurations);
    plan.contenders = {{.allocator = request.reference},
                       {.allocator = request.present},
                       {.allocator = request.reference, .is_control = true}};
    plan.rounds = rounds.count;
    plan.seed = rounds.seed;
    plan.first_limit =
        std::chrono::milliseconds(static_cast<long>(kFirstLimitSeconds * 1000 * request.slowness));
    plan.stacks_folder = request.stacks_folder;
    plan.follow_threads = true;
    const MachineCounters before = read_machine_counters();
    const double own_before = own_cpu_seconds();
    TimedRuns runs{.experiment = compare::run_rounds({.plan = std::move(plan), .samples = {}, .remarks = {}},
                                                     interrupt, observer),
                   .disturbance = {}};
    double own = own_cpu_seconds() - own_before;
    for (const Sample& sample : runs.experiment.samples) {
        own += sample.run.usage.cpu_seconds();
    }
    runs.disturbance = disturbance(before, read_machine_counters(), own);
    return runs;
}

Endings endings_of(const TimedRuns& runs, std::size_t index) {
    Endings endings;
    bool all_killed = true;
    for (const Sample& sample : runs.experiment.samples) {
        if (sample.configuration != index) {
            continue;
        }
        const bool is_present = sample.contender == kPresent;
        if (!sample.failure.empty()) {
            (is_present ? endings.present_failed : endings.reference_failed) += 1;
            (is_present ? endings.present_reason : endings.reference_reason) = sample.failure;
            const bool killed =
                sample.run.ending == measure::Ending::kSignalled && sample.run.code == SIGKILL;
            all_killed = all_killed && (!is_present || killed);
        } else if (sample.counts()) {
            (is_present ? endings.present_well : endings.reference_well) += 1;
        }
    }
    endings.killed_for_memory = all_killed && runs.disturbance.memory_kills > 0;
    return endings;
}

std::optional<TimeLimit> time_limit(const Experiment& experiment, std::size_t index) {
    double slowest = 0;
    std::vector<double> usual;
    for (const Sample& sample : experiment.samples) {
        if (sample.configuration != index || !sample.failure.empty()) {
            continue;
        }
        if (sample.round == compare::kWarmUp) {
            slowest = std::max(slowest, sample.run.usage.wall_seconds);
        } else if (sample.contender != kPresent) {
            usual.push_back(sample.run.usage.wall_seconds);
        }
    }
    if (slowest == 0 || usual.empty()) {
        return std::nullopt;
    }
    return TimeLimit{.limit = std::chrono::duration<double>(measure::limit_after(slowest)).count(),
                     .usual = statistics::median(usual)};
}

} // namespace ashlar::alarm
