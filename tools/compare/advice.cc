// SPDX-License-Identifier: MIT
#include "compare/advice.h"

#include "statistics/mann_whitney.h"
#include "statistics/summary.h"

namespace ashlar::compare {

namespace {

const Ratio* ratio_of(const Result& result, std::size_t configuration, std::size_t contender, Metric metric) {
    const auto& found = result.rows[configuration].cells[contender].of(metric);
    return found && found->to_system ? &*found->to_system : nullptr;
}

// How many times better than System, in the metric's own sense.
double gain(const Ratio* ratio, Metric metric) {
    if (ratio == nullptr || ratio->median <= 0) {
        return 1;
    }
    return facts(metric).more_is_better ? ratio->median : 1 / ratio->median;
}

} // namespace

std::vector<Metric> speed_metrics(const Configuration& configuration) {
    if (configuration.own_figure) {
        return {own_metric(*configuration.own_figure)};
    }
    return {Metric::kWall, Metric::kCpu};
}

std::optional<Advice> advise(const Experiment& experiment, const Result& result, std::size_t configuration,
                             std::size_t contender) {
    bool any = false;
    bool better = false;
    bool worse = false;
    for (const Metric metric : speed_metrics(experiment.plan.configurations[configuration])) {
        if (const Ratio* const ratio = ratio_of(result, configuration, contender, metric)) {
            any = true;
            better |= standing(*ratio, metric) == Standing::kBetter;
            worse |= standing(*ratio, metric) == Standing::kWorse;
        }
    }
    if (!any) {
        return std::nullopt;
    }
    Advice advice{.contradictory = better && worse};
    if (better != worse) {
        advice.speed = better ? Standing::kBetter : Standing::kWorse;
    }
    if (const Ratio* const ratio = ratio_of(result, configuration, contender, Metric::kPeakRss)) {
        advice.memory = standing(*ratio, Metric::kPeakRss);
    }
    return advice;
}

std::optional<std::size_t> best_choice(const Experiment& experiment, const Result& result,
                                       std::size_t configuration) {
    std::optional<std::size_t> best;
    bool best_is_faster = false;
    double best_gain = 1;
    for (std::size_t contender = 0; contender < experiment.plan.contenders.size(); ++contender) {
        const auto advice = advise(experiment, result, configuration, contender);
        if (!advice || advice->contradictory || advice->speed == Standing::kWorse ||
            result.rows[configuration].cells[contender].failures > 0) {
            continue;
        }
        const bool faster = advice->speed == Standing::kBetter;
        if (!faster && (best_is_faster || advice->memory != Standing::kBetter)) {
            continue;
        }
        double own_gain =
            gain(ratio_of(result, configuration, contender, Metric::kPeakRss), Metric::kPeakRss);
        if (faster) {
            own_gain = 1;
            for (const Metric metric : speed_metrics(experiment.plan.configurations[configuration])) {
                own_gain *= gain(ratio_of(result, configuration, contender, metric), metric);
            }
        }
        if (faster != best_is_faster || own_gain > best_gain) {
            best = contender;
            best_is_faster = faster;
            best_gain = own_gain;
        }
    }
    return best;
}

std::optional<Shift> shift_of_system(const Experiment& experiment, std::size_t configuration, Metric metric) {
    constexpr double kUnlikely = 0.01;
    const std::vector<double> values = system_values(experiment, configuration, metric);
    const std::span<const double> all(values);
    const auto first = all.first(values.size() / 2);
    const auto second = all.subspan(values.size() / 2);
    const double p = statistics::mann_whitney(first, second).p;
    if (p >= kUnlikely) {
        return std::nullopt;
    }
    return Shift{.first_half = statistics::median(first), .second_half = statistics::median(second), .p = p};
}

} // namespace ashlar::compare
