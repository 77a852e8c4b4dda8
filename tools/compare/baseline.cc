// SPDX-License-Identifier: MIT
#include "compare/baseline.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace ashlar::compare {

namespace {

std::optional<std::size_t> find_configuration(const Experiment& experiment, const Configuration& wanted) {
    const auto& all = experiment.plan.configurations;
    const auto found = std::find_if(all.begin(), all.end(), [&](const Configuration& each) {
        return each.name == wanted.name && each.command == wanted.command;
    });
    return found == all.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - all.begin()));
}

std::optional<std::size_t> find_contender(const Experiment& experiment, const std::string& name) {
    const auto& all = experiment.plan.contenders;
    const auto found = std::find_if(all.begin(), all.end(), [&](const Contender& each) {
        return each.allocator.name == name && !each.is_control;
    });
    return found == all.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - all.begin()));
}

std::optional<Ratio> ratio_of(const Result& result, std::size_t configuration, std::size_t contender,
                              Metric metric) {
    const auto& measurement = result.rows[configuration].cells[contender].of(metric);
    return measurement ? measurement->to_system : std::nullopt;
}

// Returns nothing for too few runs. Their interval is unbounded, and a check would pass without evidence.
std::optional<Ratio> judged_ratio(const Result& result, std::size_t configuration, std::size_t contender,
                                  Metric metric) {
    const auto ratio = ratio_of(result, configuration, contender, metric);
    const bool known = ratio && std::isfinite(ratio->interval.low) && std::isfinite(ratio->interval.high);
    return known ? ratio : std::nullopt;
}

// Returns the ratio of costs. A value below 1 is better.
double cost(double ratio, Metric metric) {
    return facts(metric).more_is_better ? 1 / ratio : ratio;
}

bool is_worse(const Ratio& before, const Ratio& now, Metric metric, double allowed) {
    const double best = std::min(cost(now.interval.low, metric), cost(now.interval.high, metric));
    return best > 0 && best > cost(before.median, metric) * (1 + allowed);
}

} // namespace

Drifts drifts(const Experiment& baseline, const Experiment& now, double allowed) {
    const Result before = evaluate(baseline);
    const Result after = evaluate(now);
    Drifts result;
    for (std::size_t old_row = 0; old_row < baseline.plan.configurations.size(); ++old_row) {
        const Configuration& configuration = baseline.plan.configurations[old_row];
        std::vector<Metric> metrics = speed_metrics(configuration);
        metrics.push_back(Metric::kPeakRss);
        for (std::size_t old = 0; old < baseline.plan.contenders.size(); ++old) {
            const Contender& contender = baseline.plan.contenders[old];
            if (contender.allocator.is_system() || contender.is_control) {
                continue;
            }
            const auto row = find_configuration(now, configuration);
            const auto place = find_contender(now, contender.allocator.name);
            bool compared = true;
            bool has_figure = false;
            for (const Metric metric : metrics) {
                const auto was = ratio_of(before, old_row, old, metric);
                const auto is = row && place ? judged_ratio(after, *row, *place, metric) : std::nullopt;
                has_figure = has_figure || was;
                compared = compared && (!was || is); // each figure of the baseline must be judged
                if (was && is) {
                    result.drifts.push_back({.configuration = configuration.name,
                                             .allocator = contender.allocator.name,
                                             .metric = metric,
                                             .before = was->median,
                                             .now = is->median,
                                             .is_worse = is_worse(*was, *is, metric, allowed)});
                }
            }
            if (!compared || !has_figure) {
                result.missing.push_back(configuration.name + " under " + contender.allocator.name);
            }
        }
    }
    return result;
}

} // namespace ashlar::compare
