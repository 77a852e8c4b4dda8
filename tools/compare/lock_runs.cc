// SPDX-License-Identifier: MIT
#include "compare/lock_runs.h"

#include "statistics/summary.h"

#include <algorithm>
#include <fmt/format.h>

namespace ashlar::compare {

namespace {

using Runs = std::vector<const Sample*>;

Runs runs_of(const Experiment& experiment, std::size_t configuration, std::size_t contender) {
    Runs runs;
    for (const Sample& sample : experiment.samples) {
        if (sample.configuration == configuration && sample.contender == contender && sample.counts()) {
            runs.push_back(&sample);
        }
    }
    return runs;
}

template <typename Figure>
std::vector<double> values(const Runs& runs, const Figure& figure) {
    std::vector<double> result;
    result.reserve(runs.size());
    for (const Sample* const run : runs) {
        result.push_back(figure(*run));
    }
    return result;
}

double median_of(const Runs& runs, LockFigure figure) {
    return statistics::median(
        values(runs, [&](const Sample& run) { return run.figures.of(figure).value_or(0); }));
}

// Writes the sentences about one configuration under one contender.
class Judge {
  public:
    Judge(const Experiment& experiment, std::size_t configuration, std::size_t contender)
        : experiment_(experiment), configuration_(configuration), contender_(contender),
          row_(lock_row(experiment, configuration, contender)) {}

    std::vector<std::string> flags() {
        errors();
        if (row_.runs != 0 && !experiment_.plan.contenders[contender_].is_control) {
            waits();
            contradictions();
            profiling();
        }
        return std::move(flags_);
    }

  private:
    void add(const std::string& words) {
        const Plan& plan = experiment_.plan;
        flags_.push_back(fmt::format("{} under {}: {}", plan.configurations[configuration_].name,
                                     plan.contenders[contender_].allocator.name, words));
    }

    void errors() {
        if (row_.errors > 0) {
            add(fmt::format("{:.0f} errors: a lock or the allocator did not keep its promise", row_.errors));
        }
        int failed = 0;
        std::string last;
        for (const Sample& sample : experiment_.samples) {
            if (sample.configuration == configuration_ && sample.contender == contender_ &&
                !sample.failure.empty()) {
                ++failed;
                last = sample.failure;
            }
        }
        if (failed != 0) {
            add(fmt::format("{} run{} failed, the last one: {}", failed, failed == 1 ? "" : "s", last));
        }
    }

    void waits() {
        const double share = row_.mean_wait_us / (row_.seconds * 1e6);
        if (share > kLikelyDeadlockShare && row_.mean_wait_us > kLikelyDeadlockLeast) {
            add(fmt::format(
                "the mean time to acquire, {:.0f} ms, is {:.0f} % of the run: a deadlock is likely",
                row_.mean_wait_us / 1000, share * 100));
        }
        if (row_.time_outs > kMostTimeOuts * row_.operations) {
            add(fmt::format(
                "{:.1f} time-outs for each operation: threads stop each other more than they work",
                row_.time_outs / row_.operations));
        }
    }

    void contradictions() {
        const Runs runs = runs_of(experiment_, configuration_, contender_);
        const auto speeds =
            values(runs, [](const Sample& run) { return run.figures.throughput.value_or(0); });
        const auto [slowest, fastest] = std::minmax_element(speeds.begin(), speeds.end());
        if (*fastest > kContradiction * *slowest) {
            add(fmt::format(
                "runs contradict one another, {:.0f} to {:.0f} operations per second: measure again "
                "when the machine is idle",
                *slowest, *fastest));
        }
        const auto done = values(
            runs, [](const Sample& run) { return run.figures.of(LockFigure::kOperations).value_or(0); });
        const auto [fewest, most] = std::minmax_element(done.begin(), done.end());
        if (*fewest != *most) {
            add(fmt::format("runs contradict one another, {:.0f} to {:.0f} operations of the same work",
                            *fewest, *most));
        }
    }

    void profiling() {
        const auto kept = throughput_kept(experiment_, configuration_, contender_);
        if (kept && *kept < 1 - kMostProfilingLoss) {
            add(fmt::format("profiling takes {:.0f} % of the throughput", (1 - *kept) * 100));
        }
    }

    const Experiment& experiment_;
    std::size_t configuration_;
    std::size_t contender_;
    LockRow row_;
    std::vector<std::string> flags_;
};

} // namespace

LockRow lock_row(const Experiment& experiment, std::size_t configuration, std::size_t contender) {
    LockRow row;
    for (const Sample& sample : experiment.samples) {
        if (sample.configuration == configuration && sample.contender == contender) {
            row.errors += sample.figures.of(LockFigure::kErrors).value_or(0);
        }
    }
    const Runs runs = runs_of(experiment, configuration, contender);
    row.runs = static_cast<int>(runs.size());
    if (runs.empty()) {
        return row;
    }
    row.seconds = median_of(runs, LockFigure::kDuration);
    row.operations = median_of(runs, LockFigure::kOperations);
    row.mean_wait_us = median_of(runs, LockFigure::kMeanWait);
    row.contentions = median_of(runs, LockFigure::kContentions);
    row.time_outs = median_of(runs, LockFigure::kTimeOuts);
    row.throughput = statistics::median(
        values(runs, [](const Sample& run) { return run.figures.throughput.value_or(0); }));
    row.peak_rss_kib = statistics::median(
        values(runs, [](const Sample& run) { return static_cast<double>(run.run.usage.peak_rss_kib); }));
    for (const Sample* const run : runs) {
        row.longest_wait_us =
            std::max(row.longest_wait_us, run->figures.of(LockFigure::kLongestWait).value_or(0));
    }
    return row;
}

std::optional<std::size_t> without_profiler(const Plan& plan, std::size_t contender) {
    const allocators::Allocator& profiled = plan.contenders[contender].allocator;
    for (std::size_t other = 0; !profiled.companion.empty() && other < plan.contenders.size(); ++other) {
        const allocators::Allocator& allocator = plan.contenders[other].allocator;
        if (allocator.companion.empty() && allocator.library == profiled.library &&
            profiled.name.starts_with(allocator.name)) {
            return other;
        }
    }
    return std::nullopt;
}

std::optional<double> throughput_kept(const Experiment& experiment, std::size_t configuration,
                                      std::size_t contender) {
    const auto other = without_profiler(experiment.plan, contender);
    if (!other) {
        return std::nullopt;
    }
    const Runs bare = runs_of(experiment, configuration, *other);
    std::vector<double> ratios;
    for (const Sample* const run : runs_of(experiment, configuration, contender)) {
        const auto partner = std::find_if(bare.begin(), bare.end(),
                                          [&](const Sample* each) { return each->round == run->round; });
        if (partner != bare.end() && (*partner)->figures.throughput.value_or(0) > 0) {
            ratios.push_back(run->figures.throughput.value_or(0) / *(*partner)->figures.throughput);
        }
    }
    return ratios.empty() ? std::nullopt : std::optional(statistics::median(ratios));
}

std::vector<std::string> lock_red_flags(const Experiment& experiment) {
    std::vector<std::string> flags;
    for (std::size_t configuration = 0; configuration < experiment.plan.configurations.size();
         ++configuration) {
        for (std::size_t contender = 0; contender < experiment.plan.contenders.size(); ++contender) {
            const auto found = Judge(experiment, configuration, contender).flags();
            flags.insert(flags.end(), found.begin(), found.end());
        }
    }
    return flags;
}

} // namespace ashlar::compare
