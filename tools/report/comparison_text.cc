// SPDX-License-Identifier: MIT
#include "report/comparison_text.h"

#include "report/figure_text.h"

#include <array>
#include <fmt/format.h>

namespace ashlar::report {

namespace {

using compare::Cell;
using compare::Experiment;
using compare::kReference;
using compare::Metric;
using compare::Result;
using compare::Row;

// The suite's figures, in the order in which they are shown.
constexpr std::array kShown{Metric::kThroughput, Metric::kPeakRss,        Metric::kCpuPerOperation,
                            Metric::kRssPerLive, Metric::kThroughputKept, Metric::kRssKept,
                            Metric::kOwnCost,    Metric::kMallocP50,      Metric::kMallocP99,
                            Metric::kMallocP999, Metric::kMallocP9999,    Metric::kFreeP50,
                            Metric::kFreeP99,    Metric::kFreeP999,       Metric::kFreeP9999};

constexpr const char* kColumns = "median, percentage of System, ± half of the percentage's 95 % interval";

// "Peak RSS, in MiB, less is better: ..."
std::string title(Metric metric) {
    const compare::MetricFacts& facts = compare::facts(metric);
    return std::string(facts.words) + (*facts.unit != '\0' ? std::string(", in ") + facts.unit : "") +
           (facts.more_is_better ? "" : ", less is better");
}

TextCell cell_text(const Cell& cell, Metric metric) {
    const auto& found = cell.of(metric);
    if (!found) {
        return {cell.failures > 0 ? "failed" : "-", cell.failures > 0 ? Tint::kBad : Tint::kFaint};
    }
    const std::string mark = cell.failures > 0 ? "! " : "";
    const std::string value = mark + value_text(found->median, metric);
    if (found->to_system) {
        return {value + " " + ratio_text(*found->to_system), tint_of(*found->to_system, metric)};
    }
    const double spread = found->median > 0 ? found->interval.half_width() / found->median : 0;
    return {fmt::format("{} {:<4}", value, spread_text(spread) + "%")};
}

class ComparisonText {
  public:
    ComparisonText(const Experiment& experiment, const Result& result, const TextSettings& settings)
        : experiment_(experiment), result_(result), settings_(settings) {}

    std::string render() const {
        std::string text;
        for (const Metric metric : kShown) {
            const std::vector<std::size_t> shown = configurations_with(metric);
            if (!shown.empty()) {
                text += fmt::format("{}: {}\n\n{}\n", title(metric), kColumns,
                                    table(metric, shown).render(settings_.colour));
            }
        }
        return text + notes();
    }

  private:
    bool oversubscribed(std::size_t configuration) const {
        return experiment_.plan.configurations[configuration].threads > settings_.processors;
    }

    std::string label(std::size_t configuration, Metric metric) const {
        std::string text = experiment_.plan.configurations[configuration].name;
        text += oversubscribed(configuration) ? " †" : "";
        text += compare::is_noisy(result_.rows[configuration].control_of(metric)) ? " *" : "";
        return text;
    }

    // All of them for the memory, so that one whose runs all failed has a row too.
    std::vector<std::size_t> configurations_with(Metric metric) const {
        std::vector<std::size_t> found;
        for (std::size_t index = 0; index < result_.rows.size(); ++index) {
            if (metric == Metric::kPeakRss || compare::has(result_.rows[index], metric)) {
                found.push_back(index);
            }
        }
        return found;
    }

    TextTable table(Metric metric, const std::vector<std::size_t>& shown) const {
        std::vector<std::string> header{""};
        for (const auto& contender : experiment_.plan.contenders) {
            header.push_back(contender.is_control ? "A/A" : contender.allocator.name);
        }
        TextTable table(header);
        std::size_t rows_of_group = 0;
        for (std::size_t place = 0; place < shown.size(); ++place) {
            table.add(row_text(shown[place], metric));
            ++rows_of_group;
            const std::string& group = group_of(shown[place]);
            const bool last = place + 1 == shown.size();
            if (last || group_of(shown[place + 1]) != group) {
                if (rows_of_group > 1) {
                    add_mean(table, group, metric);
                }
                if (!last) {
                    table.add_rule();
                }
                rows_of_group = 0;
            }
        }
        return table;
    }

    const std::string& group_of(std::size_t configuration) const {
        return experiment_.plan.configurations[configuration].group;
    }

    std::vector<TextCell> row_text(std::size_t configuration, Metric metric) const {
        const Row& row = result_.rows[configuration];
        std::vector<TextCell> cells{{label(configuration, metric)}};
        for (std::size_t contender = 0; contender < row.cells.size(); ++contender) {
            if (!experiment_.plan.contenders[contender].is_control) {
                cells.push_back(cell_text(row.cells[contender], metric));
            } else if (const auto& control = row.control_of(metric)) {
                cells.push_back({ratio_text(*control), Tint::kFaint});
            } else {
                cells.push_back({"-", Tint::kFaint});
            }
        }
        return cells;
    }

    void add_mean(TextTable& table, const std::string& group, Metric metric) const {
        std::vector<TextCell> cells{{group + ", geometric mean"}};
        for (std::size_t contender = 0; contender < experiment_.plan.contenders.size(); ++contender) {
            const auto mean = compare::mean_ratio(experiment_, result_, group, contender, metric);
            cells.push_back({mean ? fmt::format("{:4.0f}%    ", *mean * 100) : ""});
        }
        table.add(std::move(cells));
    }

    std::string notes() const {
        std::string text =
            "Each figure is the median of the rounds; percentages are medians of the ratios within "
            "the rounds.\nA/A is System compared with itself: what no difference looks like here.\n";
        text += general_notes();
        text += verdicts();
        text += failures();
        for (const std::string& remark : experiment_.remarks) {
            text += remark + "\n";
        }
        return text;
    }

    std::string general_notes() const {
        bool any_oversubscribed = false;
        bool any_noisy = false;
        for (std::size_t index = 0; index < result_.rows.size(); ++index) {
            any_oversubscribed |= oversubscribed(index);
            for (const Metric metric : kShown) {
                any_noisy |= compare::is_noisy(result_.rows[index].control_of(metric));
            }
        }
        std::string text;
        if (any_oversubscribed) {
            text += fmt::format(
                "†  oversubscribed: more threads than the {} processor{}. It shows how threads that "
                "wait fare, not scaling.\n",
                settings_.processors, settings_.processors == 1 ? "" : "s");
        }
        if (any_noisy) {
            text += "*  noisy: the A/A interval leaves 100 ± 5 %, or there are too few rounds for one. Do "
                    "not trust "
                    "small differences of this row.\n";
        }
        return text;
    }

    std::string verdicts() const {
        std::string text;
        for (std::size_t contender = 0; contender < experiment_.plan.contenders.size(); ++contender) {
            if (contender == kReference || experiment_.plan.contenders[contender].is_control) {
                continue;
            }
            const compare::Tally tally = compare::speed_tally(experiment_, result_, contender);
            const std::string& name = experiment_.plan.contenders[contender].allocator.name;
            text += tally.all() == 0
                        ? fmt::format("  {}: nothing that can be compared\n", name)
                        : fmt::format("  {}: faster than System in {} of {}, slower in {}, no measurable "
                                      "difference in {}\n",
                                      name, tally.faster, tally.all(), tally.slower, tally.alike);
        }
        return text.empty() ? text
                            : "By CPU time for one thread, by operations per second for more:\n" + text;
    }

    std::string failures() const {
        std::string text;
        for (const compare::Sample& sample : experiment_.samples) {
            if (!sample.failure.empty()) {
                text += fmt::format(
                    "!  {} under {}, {}: {}\n", experiment_.plan.configurations[sample.configuration].name,
                    experiment_.plan.contenders[sample.contender].allocator.name,
                    sample.round == compare::kWarmUp ? "warm-up" : fmt::format("round {}", sample.round),
                    sample.failure);
            }
        }
        return text.empty() ? text : "Runs that failed; they are in no figure:\n" + text;
    }

    const Experiment& experiment_;
    const Result& result_;
    const TextSettings& settings_;
};

} // namespace

std::string comparison_text(const Experiment& experiment, const Result& result,
                            const TextSettings& settings) {
    return ComparisonText(experiment, result, settings).render();
}

} // namespace ashlar::report
