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

} // namespace

std::optional<Advice> advise(const Experiment& experiment, const Result& result, std::size_t configuration,
                             std::size_t contender) {
    const auto speed = speed_of(experiment, result, configuration, contender);
    if (!speed) {
        return std::nullopt;
    }
    Advice advice{.speed = speed->standing, .contradictory = speed->contradictory};
    advice.memory = memory_of(result, configuration, contender).value_or(Standing::kUnknown);
    return advice;
}

std::optional<std::size_t> leanest(const Experiment& experiment, const Result& result,
                                   std::size_t configuration) {
    std::optional<std::size_t> best;
    double best_gain = 1;
    for (std::size_t contender = 0; contender < experiment.plan.contenders.size(); ++contender) {
        if (memory_of(result, configuration, contender) != Standing::kBetter ||
            result.rows[configuration].cells[contender].failures > 0) {
            continue;
        }
        const double own_gain =
            gain(*ratio_of(result, configuration, contender, Metric::kPeakRss), Metric::kPeakRss);
        if (own_gain > best_gain) {
            best = contender;
            best_gain = own_gain;
        }
    }
    return best;
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
        const Ratio* const rss = ratio_of(result, configuration, contender, Metric::kPeakRss);
        const double leaner = rss != nullptr ? gain(*rss, Metric::kPeakRss) : 1;
        const double own_gain =
            faster ? speed_of(experiment, result, configuration, contender)->gain : leaner;
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
    const std::vector<double> values = rounds_of(experiment, configuration, kReference, metric).values;
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
