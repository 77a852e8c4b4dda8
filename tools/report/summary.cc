// SPDX-License-Identifier: MIT
#include "report/summary.h"

#include "statistics/summary.h"

#include <cmath>
#include <numeric>

namespace ashlar::report {

namespace {

std::optional<compare::Ratio> ratio_of(const compare::Cell& cell, compare::Metric metric) {
    const auto& found = cell.of(metric);
    return found ? found->to_system : std::nullopt;
}

void add_runs(const compare::Experiment& experiment, SummaryLine& line) {
    for (const compare::Sample& sample : experiment.samples) {
        const bool is_control = experiment.plan.contenders[sample.contender].is_control;
        const std::size_t contender = is_control ? compare::kReference : sample.contender;
        if (!sample.counts() || sample.configuration != line.configuration || contender != line.contender) {
            continue;
        }
        const measure::Usage& usage = sample.run.usage;
        line.times.push_back(usage.wall_seconds);
        line.peak_rss.push_back(usage.peak_rss_kib * 1024);
        line.user += usage.user_seconds;
        line.system += usage.system_seconds;
    }
}

} // namespace

double SummaryLine::mean() const {
    return std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
}

std::optional<double> SummaryLine::deviation() const {
    if (times.size() < 2) {
        return std::nullopt;
    }
    const double middle = mean();
    const double squares = std::accumulate(times.begin(), times.end(), 0.0, [&](double sum, double time) {
        return sum + (time - middle) * (time - middle);
    });
    return std::sqrt(squares / static_cast<double>(times.size() - 1));
}

double SummaryLine::median_rss() const {
    return statistics::median(std::vector<double>(peak_rss.begin(), peak_rss.end()));
}

std::vector<SummaryLine> summary(const compare::Experiment& experiment, const compare::Result& result) {
    std::vector<SummaryLine> lines;
    for (std::size_t configuration = 0; configuration < result.rows.size(); ++configuration) {
        const compare::Row& row = result.rows[configuration];
        for (std::size_t contender = 0; contender < row.cells.size(); ++contender) {
            SummaryLine line{.configuration = configuration, .contender = contender};
            add_runs(experiment, line);
            if (line.times.empty()) {
                continue;
            }
            line.user /= static_cast<double>(line.times.size());
            line.system /= static_cast<double>(line.times.size());
            line.wall_to_system = ratio_of(row.cells[contender], compare::Metric::kWall);
            line.rss_to_system = ratio_of(row.cells[contender], compare::Metric::kPeakRss);
            lines.push_back(std::move(line));
        }
    }
    return lines;
}

} // namespace ashlar::report
