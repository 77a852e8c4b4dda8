// SPDX-License-Identifier: MIT
#include "report/comparison_text.h"

#include "report/failures.h"
#include "report/figure_text.h"
#include "report/ratio_text.h"
#include "report/verdict.h"

#include <fmt/format.h>

namespace ashlar::report {

namespace {

using compare::Experiment;
using compare::kReference;
using compare::Metric;
using compare::Result;
using compare::Row;

class ComparisonText {
  public:
    ComparisonText(const Experiment& experiment, const Result& result, const TextSettings& settings,
                   const ComparisonView& view)
        : experiment_(experiment), result_(result), settings_(settings), view_(view) {}

    std::string render() const {
        std::string text = verdicts() + (view_.judges_each ? verdict_on_each() : "");
        text += text.empty() ? "" : "\n";
        for (const Metric metric : view_.metrics) {
            const std::vector<std::size_t> shown = configurations_with(metric);
            if (!shown.empty()) {
                text += fmt::format("{}: median, and its ratio to {} with the 95 % interval\n\n{}\n",
                                    title(metric, shown), reference(),
                                    table(metric, shown).render(settings_.colour, settings_.columns));
            }
        }
        return text + notes();
    }

  private:
    const std::string& reference() const { return experiment_.plan.contenders[kReference].allocator.name; }

    // Returns "Peak RSS, in MiB, less is better".
    std::string title(Metric metric, const std::vector<std::size_t>& shown) const {
        const compare::MetricFacts& facts = compare::facts(metric);
        std::string words = facts.words;
        if (metric == Metric::kOwnCost || metric == Metric::kOwnFigure) {
            const auto& own = experiment_.plan.configurations[shown.front()].own_figure;
            words = own && !own->words.empty() ? own->words : words;
        }
        const std::string unit = in_milliseconds(metric, shown) ? "ms" : facts.unit;
        return words + (unit.empty() ? "" : ", in " + unit) +
               (facts.more_is_better ? "" : ", less is better");
    }

    // Returns whether all times of the table are short. A table has only one unit.
    bool in_milliseconds(Metric metric, const std::vector<std::size_t>& shown) const {
        return view_.judges_each && std::all_of(shown.begin(), shown.end(), [&](std::size_t configuration) {
                   return is_short(result_.rows[configuration], metric);
               });
    }

    bool oversubscribed(std::size_t configuration) const {
        return experiment_.plan.configurations[configuration].threads > settings_.processors;
    }

    std::string label(std::size_t configuration, Metric metric) const {
        std::string text = experiment_.plan.configurations[configuration].name;
        text += oversubscribed(configuration) ? " †" : "";
        text += compare::is_noisy(result_.rows[configuration].control_of(metric)) ? " *" : "";
        return text;
    }

    // Peak RSS includes every configuration, so that one whose runs all failed has a row.
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
        const Scale scale = in_milliseconds(metric, shown) ? kMilliseconds : scale_of(metric);
        std::size_t rows_of_group = 0;
        for (std::size_t place = 0; place < shown.size(); ++place) {
            table.add(row_text(shown[place], metric, scale));
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

    std::vector<TextCell> row_text(std::size_t configuration, Metric metric, const Scale& scale) const {
        const Row& row = result_.rows[configuration];
        std::vector<TextCell> cells{{label(configuration, metric)}};
        for (std::size_t contender = 0; contender < row.cells.size(); ++contender) {
            cells.push_back(experiment_.plan.contenders[contender].is_control
                                ? control_cell(row, metric)
                                : figure_cell(row, contender, metric, scale));
        }
        return cells;
    }

    void add_mean(TextTable& table, const std::string& group, Metric metric) const {
        std::vector<TextCell> cells{{group + ", geometric mean"}};
        for (std::size_t contender = 0; contender < experiment_.plan.contenders.size(); ++contender) {
            const auto mean = compare::mean_ratio(experiment_, result_, group, contender, metric);
            cells.push_back({mean ? ratio_text(*mean) : ""});
        }
        table.add(std::move(cells));
    }

    std::string notes() const {
        std::string text =
            fmt::format("Each figure is the median of the rounds; ratios are medians of the ratios within "
                        "the rounds.\nA/A is {} compared with itself: what no difference looks like here.\n",
                        reference());
        text += general_notes();
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
            for (const Metric metric : view_.metrics) {
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
            text +=
                "*  noisy: the A/A interval leaves 0.95 to 1.05, or there are too few rounds for one. Do not "
                "trust small differences of this row.\n";
        }
        return text;
    }

    std::string verdicts() const {
        std::string text;
        for (std::size_t contender = 0; contender < experiment_.plan.contenders.size(); ++contender) {
            if (contender == kReference || experiment_.plan.contenders[contender].is_control) {
                continue;
            }
            Tally speed;
            Tally memory;
            for (std::size_t index = 0; index < result_.rows.size(); ++index) {
                const auto found = compare::speed_of(experiment_, result_, index, contender);
                speed.add(found ? found->standing : Standing::kUnknown);
                memory.add(compare::memory_of(result_, index, contender).value_or(Standing::kUnknown));
            }
            const std::string by_memory = memory_words(memory);
            text +=
                fmt::format("  {}: {}{}{}\n", experiment_.plan.contenders[contender].allocator.name,
                            speed_words(speed, reference()), by_memory.empty() ? "" : ";\n    ", by_memory);
        }
        return text.empty()
                   ? text
                   : fmt::format("Verdict, speed by {}; memory by peak RSS:\n{}", view_.judged_by, text);
    }

    std::string verdict_on_each() const {
        std::string text = "Verdict on each:\n";
        for (std::size_t index = 0; index < result_.rows.size(); ++index) {
            text += fmt::format("  {}: {}\n", experiment_.plan.configurations[index].name,
                                verdict_on(experiment_, result_, index).choice);
        }
        return text;
    }

    std::string failures() const {
        std::string text;
        for (const std::string& sentence : report::failures(experiment_)) {
            text += "!  " + sentence + "\n";
        }
        return text.empty() ? text : "Runs that failed; they are in no figure:\n" + text;
    }

    const Experiment& experiment_;
    const Result& result_;
    const TextSettings& settings_;
    const ComparisonView& view_;
};

} // namespace

ComparisonView suite_view() {
    return {.metrics = {Metric::kThroughput, Metric::kPeakRss, Metric::kCpuPerOperation, Metric::kRssPerLive,
                        Metric::kThroughputKept, Metric::kRssKept, Metric::kOwnCost, Metric::kMallocP50,
                        Metric::kMallocP99, Metric::kMallocP999, Metric::kMallocP9999, Metric::kFreeP50,
                        Metric::kFreeP99, Metric::kFreeP999, Metric::kFreeP9999},
            .judged_by = "CPU time for one thread, by operations per second for more"};
}

ComparisonView commands_view(const Experiment& experiment) {
    const auto& configurations = experiment.plan.configurations;
    const bool has_figure = !configurations.empty() && configurations.front().own_figure;
    return {.metrics = {Metric::kOwnFigure, Metric::kOwnCost, Metric::kWall, Metric::kCpu, Metric::kPeakRss,
                        Metric::kMinorFaults},
            .judged_by = has_figure ? "what --metric picks" : "wall time and CPU time",
            .judges_each = true};
}

ComparisonView programs_view() {
    return {.metrics = {Metric::kWall, Metric::kCpu, Metric::kPeakRss},
            .judged_by = "wall time and CPU time"};
}

std::string comparison_text(const Experiment& experiment, const Result& result, const TextSettings& settings,
                            const ComparisonView& view) {
    return ComparisonText(experiment, result, settings, view).render();
}

} // namespace ashlar::report
