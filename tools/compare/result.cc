// SPDX-License-Identifier: MIT
#include "compare/result.h"

#include "statistics/summary.h"
#include "statistics/theil_sen.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace ashlar::compare {

namespace {

constexpr double kNoiseLimit = 0.05;

// Values of one metric of one contender in one configuration, by round and bout.
using ByRound = std::map<std::pair<int, std::size_t>, double>;

// Turns a drift in percent into a share. A share has a ratio to System's, a drift does not.
std::optional<double> share_kept(const std::optional<double>& drift) {
    return drift ? std::optional(1 + *drift / 100) : std::nullopt;
}

// Returns nothing for a run that was too short for a trend.
std::optional<double> rss_trend(const std::vector<measure::RssPoint>& curve) {
    constexpr std::size_t kFewest = 50;
    if (curve.size() < kFewest) {
        return std::nullopt;
    }
    const double end = curve.back().seconds;
    std::vector<statistics::Point> second_half;
    for (const measure::RssPoint& point : curve) {
        if (point.seconds >= end / 2) {
            second_half.push_back({.x = point.seconds, .y = static_cast<double>(point.kib)});
        }
    }
    const statistics::Line line = statistics::theil_sen(second_half);
    return line.at(end / 2) > 0 ? std::optional(line.at(end) / line.at(end / 2)) : std::nullopt;
}

// Returns the curve's peak RSS of all processes together. Returns nothing if one process had nearly all.
std::optional<double> peak_of_all(const measure::Run& run) {
    constexpr double kMore = 1.02;
    double highest = 0;
    for (const measure::RssPoint& point : run.rss_over_time) {
        highest = std::max(highest, static_cast<double>(point.kib));
    }
    return highest > kMore * static_cast<double>(run.usage.peak_rss_kib) ? std::optional(highest)
                                                                         : std::nullopt;
}

std::optional<double> value_of(const Sample& sample, const Configuration& configuration, Metric metric) {
    const measure::Usage& usage = sample.run.usage;
    switch (metric) {
    case Metric::kThroughput:
        return sample.figures.throughput;
    case Metric::kCpuPerOperation: {
        if (!sample.figures.throughput || (!configuration.operations && !configuration.seconds)) {
            return std::nullopt;
        }
        const double operations = configuration.operations
                                      ? *configuration.operations
                                      : *sample.figures.throughput * *configuration.seconds;
        return usage.cpu_seconds() * 1e9 / operations;
    }
    case Metric::kPeakRss:
        return static_cast<double>(usage.peak_rss_kib);
    case Metric::kRssPerLive:
        return sample.figures.rss_per_live;
    case Metric::kThroughputKept:
        return share_kept(sample.figures.throughput_drift);
    case Metric::kRssKept:
        return share_kept(sample.figures.rss_drift);
    case Metric::kWall:
        return usage.wall_seconds;
    case Metric::kCpu:
        return usage.cpu_seconds();
    case Metric::kMinorFaults:
        return static_cast<double>(usage.minor_faults);
    case Metric::kContextSwitches:
        return static_cast<double>(usage.voluntary_switches + usage.involuntary_switches);
    case Metric::kRssTrend:
        return rss_trend(sample.run.rss_over_time);
    case Metric::kPeakRssOfAll:
        return peak_of_all(sample.run);
    case Metric::kOwnFigure:
    case Metric::kOwnCost:
        return configuration.own_figure && own_metric(*configuration.own_figure) == metric
                   ? sample.figures.own
                   : std::nullopt;
    case Metric::kMallocP50:
    case Metric::kMallocP99:
    case Metric::kMallocP999:
    case Metric::kMallocP9999:
    case Metric::kFreeP50:
    case Metric::kFreeP99:
    case Metric::kFreeP999:
    case Metric::kFreeP9999:
        return sample.figures
            .latencies[static_cast<std::size_t>(metric) - static_cast<std::size_t>(Metric::kMallocP50)];
    }
    return std::nullopt;
}

ByRound values(const Experiment& experiment, std::size_t configuration, std::size_t contender,
               Metric metric) {
    ByRound result;
    if (metric == Metric::kPeakRssOfAll && experiment.plan.precondition_mib > 0) {
        return result; // the curve includes the memory of ageing
    }
    for (const Sample& sample : experiment.samples) {
        if (sample.counts() && sample.configuration == configuration && sample.contender == contender) {
            if (const auto value = value_of(sample, experiment.plan.configurations[configuration], metric)) {
                result[{sample.round, sample.bout}] = *value;
            }
        }
    }
    return result;
}

std::vector<double> without_rounds(const ByRound& by_round) {
    std::vector<double> result;
    for (const auto& [bout, value] : by_round) {
        result.push_back(value);
    }
    return result;
}

// Returns the ratios of the bouts that both have.
std::vector<double> ratios_within_rounds(const ByRound& above, const ByRound& below) {
    std::vector<double> ratios;
    for (const auto& [bout, value] : above) {
        if (const auto other = below.find(bout); other != below.end() && other->second > 0) {
            ratios.push_back(value / other->second);
        }
    }
    return ratios;
}

// `noise` is System's ratio to itself.
std::optional<Ratio> ratio(const ByRound& above, const ByRound& below, const std::optional<Ratio>& noise) {
    const std::vector<double> ratios = ratios_within_rounds(above, below);
    if (ratios.empty()) {
        return std::nullopt;
    }
    return Ratio{.median = statistics::median(ratios),
                 .interval = statistics::median_interval(ratios),
                 .noise = noise ? noise->interval : statistics::Interval{1, 1}};
}

// Returns System's values. The geometric mean of a round's two runs is steadier than either.
ByRound reference(const ByRound& first, const ByRound& second) {
    ByRound result = first;
    result.insert(second.begin(), second.end());
    for (auto& [bout, value] : result) {
        const auto one = first.find(bout);
        const auto other = second.find(bout);
        if (one != first.end() && other != second.end()) {
            value = statistics::geometric_mean(std::array{one->second, other->second});
        }
    }
    return result;
}

std::optional<Measurement> measurement(const ByRound& by_round, const ByRound* system,
                                       const std::optional<Ratio>& noise) {
    if (by_round.empty()) {
        return std::nullopt;
    }
    const std::vector<double> plain = without_rounds(by_round);
    return Measurement{
        .median = statistics::median(plain),
        .interval = statistics::median_interval(plain),
        .to_system = system != nullptr ? ratio(by_round, *system, noise) : std::nullopt,
    };
}

void count_samples(const Experiment& experiment, std::size_t configuration, Row& row) {
    for (const Sample& sample : experiment.samples) {
        if (sample.configuration != configuration) {
            continue;
        }
        Cell& cell = row.cells[sample.contender];
        cell.samples += sample.counts() ? 1 : 0;
        cell.failures += sample.failure.empty() ? 0 : 1;
    }
}

std::size_t control_of(const Plan& plan) {
    for (std::size_t contender = 0; contender < plan.contenders.size(); ++contender) {
        if (plan.contenders[contender].is_control) {
            return contender;
        }
    }
    return kReference;
}

Row evaluate_row(const Experiment& experiment, std::size_t configuration) {
    const std::size_t control = control_of(experiment.plan);
    Row row{.cells = std::vector<Cell>(experiment.plan.contenders.size()), .control = {}};
    count_samples(experiment, configuration, row);
    for (const Metric metric : kMetrics) {
        const auto index = static_cast<std::size_t>(metric);
        const ByRound first = values(experiment, configuration, kReference, metric);
        const ByRound second = values(experiment, configuration, control, metric);
        const ByRound system = reference(first, second);
        row.control[index] = ratio(second, first, std::nullopt);
        for (std::size_t contender = 0; contender < row.cells.size(); ++contender) {
            const bool is_system = contender == kReference || contender == control;
            row.cells[contender].measurements[index] =
                measurement(is_system ? system : values(experiment, configuration, contender, metric),
                            is_system ? nullptr : &system, row.control[index]);
        }
    }
    return row;
}

} // namespace

Standing standing(const Ratio& to_system, Metric metric) {
    if (!std::isfinite(to_system.smallest_visible())) {
        return Standing::kUnknown;
    }
    const statistics::Verdict verdict = to_system.verdict();
    if (verdict == statistics::Verdict::kNoMeasurableDifference) {
        return Standing::kAlike;
    }
    return (verdict == statistics::Verdict::kHigher) == facts(metric).more_is_better ? Standing::kBetter
                                                                                     : Standing::kWorse;
}

double gain(const Ratio& ratio, Metric metric) {
    if (ratio.median <= 0) {
        return 1;
    }
    return facts(metric).more_is_better ? ratio.median : 1 / ratio.median;
}

Result evaluate(const Experiment& experiment) {
    Result result;
    for (std::size_t configuration = 0; configuration < experiment.plan.configurations.size();
         ++configuration) {
        result.rows.push_back(evaluate_row(experiment, configuration));
    }
    return result;
}

Rounds rounds_of(const Experiment& experiment, std::size_t configuration, std::size_t contender,
                 Metric metric) {
    const std::size_t control = control_of(experiment.plan);
    const ByRound system = reference(values(experiment, configuration, kReference, metric),
                                     values(experiment, configuration, control, metric));
    if (contender == kReference || contender == control) {
        return {.values = without_rounds(system), .ratios = {}};
    }
    const ByRound own = values(experiment, configuration, contender, metric);
    return {.values = without_rounds(own), .ratios = ratios_within_rounds(own, system)};
}

bool has(const Row& row, Metric metric) {
    return std::any_of(row.cells.begin(), row.cells.end(),
                       [&](const Cell& cell) { return cell.of(metric).has_value(); });
}

bool is_noisy(const std::optional<Ratio>& control) {
    return control && (control->interval.low < 1 - kNoiseLimit || control->interval.high > 1 + kNoiseLimit);
}

Metric own_metric(const OwnFigure& figure) {
    return figure.less_is_better ? Metric::kOwnCost : Metric::kOwnFigure;
}

std::vector<Metric> speed_metrics(const Configuration& configuration) {
    if (configuration.own_figure) {
        return {own_metric(*configuration.own_figure)};
    }
    if (configuration.prints == Prints::kAnything) {
        return {Metric::kWall, Metric::kCpu};
    }
    return {configuration.threads > 1 ? Metric::kThroughput : Metric::kCpuPerOperation};
}

std::optional<Speed> speed_of(const Experiment& experiment, const Result& result, std::size_t configuration,
                              std::size_t contender) {
    Speed speed;
    bool better = false;
    bool worse = false;
    bool unknown = false;
    std::vector<double> gains;
    std::vector<double> lows;
    std::vector<double> highs;
    for (const Metric metric : speed_metrics(experiment.plan.configurations[configuration])) {
        const auto& found = result.rows[configuration].cells[contender].of(metric);
        if (!found || !found->to_system) {
            continue;
        }
        const Ratio& ratio = *found->to_system;
        const Standing standing = compare::standing(ratio, metric);
        better |= standing == Standing::kBetter;
        worse |= standing == Standing::kWorse;
        unknown |= standing == Standing::kUnknown;
        gains.push_back(gain(ratio, metric));
        const bool more = facts(metric).more_is_better;
        lows.push_back(more ? ratio.interval.low : 1 / ratio.interval.high);
        highs.push_back(more ? ratio.interval.high : 1 / ratio.interval.low);
    }
    if (gains.empty()) {
        return std::nullopt;
    }
    speed.gain = statistics::geometric_mean(gains);
    if (!unknown) {
        speed.interval = {.low = statistics::geometric_mean(lows), .high = statistics::geometric_mean(highs)};
    }
    speed.contradictory = better && worse;
    if (unknown) {
        speed.standing = Standing::kUnknown;
    } else if (better != worse) {
        speed.standing = better ? Standing::kBetter : Standing::kWorse;
    }
    return speed;
}

std::optional<Standing> memory_of(const Result& result, std::size_t configuration, std::size_t contender) {
    const auto& found = result.rows[configuration].cells[contender].of(Metric::kPeakRss);
    return found && found->to_system ? std::optional(standing(*found->to_system, Metric::kPeakRss))
                                     : std::nullopt;
}

std::optional<double> mean_ratio(const Experiment& experiment, const Result& result, const std::string& group,
                                 std::size_t contender, Metric metric) {
    std::vector<double> ratios;
    for (std::size_t index = 0; index < result.rows.size(); ++index) {
        if (experiment.plan.configurations[index].group != group) {
            continue;
        }
        const auto& found = result.rows[index].cells[contender].of(metric);
        if (!found || !found->to_system) {
            return std::nullopt;
        }
        ratios.push_back(found->to_system->median);
    }
    return ratios.empty() ? std::nullopt : std::optional(statistics::geometric_mean(ratios));
}

} // namespace ashlar::compare
