// SPDX-License-Identifier: MIT
#include "alarm/timed_figures.h"

#include "statistics/summary.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace ashlar::alarm {

using compare::Configuration;
using compare::Experiment;
using compare::Sample;

namespace {

double operations_of(const Configuration& configuration, const Sample& sample) {
    if (configuration.seconds) {
        return sample.figures.throughput.value_or(0) * *configuration.seconds;
    }
    return configuration.operations.value_or(1);
}

// Returns the values of all runs that count, by round.
std::map<int, double> by_round(const Experiment& experiment, std::size_t configuration, std::size_t contender,
                               Figure figure) {
    std::map<int, double> values;
    for (const Sample& sample : experiment.samples) {
        if (sample.counts() && sample.configuration == configuration && sample.contender == contender) {
            values[sample.round] = figure(experiment.plan.configurations[configuration], sample);
        }
    }
    return values;
}

} // namespace

double cpu_of(const Configuration& configuration, const Sample& sample) {
    return sample.run.usage.cpu_seconds() / operations_of(configuration, sample);
}

double wall_of(const Configuration& configuration, const Sample& sample) {
    const double seconds = configuration.seconds.value_or(sample.run.usage.wall_seconds);
    return seconds / operations_of(configuration, sample);
}

double peak_of(const Configuration&, const Sample& sample) {
    return static_cast<double>(sample.run.usage.peak_rss_kib);
}

double own_of(const Configuration&, const Sample& sample) {
    return sample.figures.own.value_or(0);
}

double idle_of(const Configuration&, const Sample& sample) {
    return sample.run.idle_seconds.value_or(0);
}

std::vector<double> values(const Experiment& experiment, std::size_t configuration,
                           const std::vector<std::size_t>& contenders, Figure figure) {
    std::vector<double> result;
    for (const std::size_t contender : contenders) {
        for (const auto& [round, value] : by_round(experiment, configuration, contender, figure)) {
            result.push_back(value);
        }
    }
    return result;
}

TimeSample time_sample(const Experiment& experiment, std::size_t configuration, Figure figure) {
    TimeSample result;
    const auto first = by_round(experiment, configuration, kReference, figure);
    const auto again = by_round(experiment, configuration, kReferenceAgain, figure);
    for (const auto& [round, present] : by_round(experiment, configuration, kPresent, figure)) {
        const auto one = first.find(round);
        const auto other = again.find(round);
        if (one != first.end() && other != again.end() && one->second > 0 && other->second > 0) {
            result.ratios.push_back(present / std::sqrt(one->second * other->second));
            result.control.push_back(other->second / one->second);
        }
    }
    result.reference =
        statistics::median(values(experiment, configuration, {kReference, kReferenceAgain}, figure));
    result.present = statistics::median(values(experiment, configuration, {kPresent}, figure));
    return result;
}

std::vector<std::pair<const char*, Figure>> time_figures(const Benchmark& benchmark) {
    std::vector<std::pair<const char*, Figure>> figures{{kCpu, cpu_of}};
    if (benchmark.timed.threads > 1) {
        figures.emplace_back(kWall, wall_of);
    }
    return figures;
}

bool can_be_judged(const Experiment& experiment, std::size_t index) {
    return std::all_of(kContenders.begin(), kContenders.end(), [&](std::size_t contender) {
        return !by_round(experiment, index, contender, cpu_of).empty();
    });
}

std::optional<KernelCounts> kernel_counts(const Experiment& experiment, std::size_t configuration,
                                          std::size_t contender) {
    std::optional<KernelCounts> least;
    for (const Sample& sample : experiment.samples) {
        if (sample.counts() && sample.configuration == configuration && sample.contender == contender) {
            const measure::Usage& usage = sample.run.usage;
            const KernelCounts counts{.faults = static_cast<double>(usage.minor_faults),
                                      .system_seconds = usage.system_seconds,
                                      .waits = static_cast<double>(usage.voluntary_switches)};
            if (!least) {
                least = counts;
            }
            least->faults = std::min(least->faults, counts.faults);
            least->system_seconds = std::min(least->system_seconds, counts.system_seconds);
            least->waits = std::min(least->waits, counts.waits);
        }
    }
    return least;
}

} // namespace ashlar::alarm
