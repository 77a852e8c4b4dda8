// SPDX-License-Identifier: MIT
#include "report/program_text.h"

#include "compare/advice.h"
#include "report/failures.h"
#include "report/figure_text.h"
#include "report/ratio_text.h"
#include "report/verdict.h"

#include <fmt/format.h>

namespace ashlar::report {

namespace {

using compare::Cell;
using compare::Experiment;
using compare::Metric;
using compare::Result;

constexpr std::size_t kProgram = 0; // the only configuration

class ProgramText {
  public:
    ProgramText(const Experiment& experiment, const Result& result, const TextSettings& settings)
        : experiment_(experiment), result_(result), settings_(settings) {}

    std::string render() const {
        std::string text = verdicts() +
                           "Medians of the rounds, and of the ratios to System within the rounds, with their "
                           "95 % intervals:\n\n";
        text += table({own_metric(), Metric::kWall, Metric::kCpu});
        text += table({Metric::kPeakRss, Metric::kPeakRssOfAll, Metric::kRssTrend, Metric::kMinorFaults,
                       Metric::kContextSwitches});
        text += "A/A is System compared with itself: only differences that are larger count.\n";
        for (const std::string& more : {failures(), remarks()}) {
            text += more.empty() ? "" : "\n" + more;
        }
        return text;
    }

  private:
    const compare::Configuration& program() const { return experiment_.plan.configurations[kProgram]; }

    // Returns wall time if there is no own figure. Wall time is shown in any case.
    Metric own_metric() const {
        return program().own_figure ? compare::own_metric(*program().own_figure) : Metric::kWall;
    }

    bool in_milliseconds(Metric metric) const { return is_short(result_.rows[kProgram], metric); }

    std::string heading(Metric metric) const {
        if (metric == Metric::kRssTrend) {
            return "RSS end/middle";
        }
        const bool is_own = metric == Metric::kOwnFigure || metric == Metric::kOwnCost;
        if (is_own && !program().own_figure->words.empty()) {
            return program().own_figure->words;
        }
        if (metric == Metric::kPeakRssOfAll) {
            return "of all processes, MiB";
        }
        const compare::MetricFacts& facts = compare::facts(metric);
        const std::string unit = in_milliseconds(metric) ? "ms" : facts.unit;
        return std::string(facts.words) + (unit.empty() ? "" : ", " + unit);
    }

    Scale scale(Metric metric) const { return in_milliseconds(metric) ? kMilliseconds : scale_of(metric); }

    std::string value(double median, Metric metric) const {
        return number_text(median / scale(metric).divisor, scale(metric).decimals);
    }

    std::string table(const std::vector<Metric>& wanted) const {
        std::vector<std::string> header{""};
        std::vector<Metric> shown;
        for (const Metric metric : wanted) {
            const bool again = !shown.empty() && shown.back() == metric;
            if (!again && compare::has(result_.rows[kProgram], metric)) {
                shown.push_back(metric);
                header.push_back(heading(metric));
            }
        }
        if (shown.empty() && wanted.back() == Metric::kCpu) {
            header.emplace_back("no run counts"); // gives every allocator a line
        }
        TextTable table(header);
        for (std::size_t contender = 0; contender < experiment_.plan.contenders.size(); ++contender) {
            std::vector<TextCell> cells{{name(contender)}};
            for (const Metric metric : shown) {
                cells.push_back(cell_text(contender, metric));
            }
            if (shown.empty()) {
                cells.push_back({cell(contender).failures > 0 ? "failed" : "-", Tint::kBad});
            }
            table.add(std::move(cells));
        }
        return header.size() == 1 ? "" : table.render(settings_.colour, settings_.columns) + "\n";
    }

    std::string name(std::size_t contender) const {
        return experiment_.plan.contenders[contender].is_control
                   ? "A/A"
                   : experiment_.plan.contenders[contender].allocator.name;
    }

    const Cell& cell(std::size_t contender) const { return result_.rows[kProgram].cells[contender]; }

    TextCell cell_text(std::size_t contender, Metric metric) const {
        const compare::Row& row = result_.rows[kProgram];
        return experiment_.plan.contenders[contender].is_control
                   ? control_cell(row, metric)
                   : figure_cell(row, contender, metric, scale(metric));
    }

    std::string failures() const {
        std::string text;
        for (const std::string& sentence : report::failures(experiment_)) {
            text += "!  " + sentence + "\n";
        }
        return text.empty() ? text : "Runs that failed; they are in no figure:\n" + text;
    }

    std::string remarks() const {
        std::string text;
        for (const std::string& remark : experiment_.remarks) {
            text += remark + "\n";
        }
        for (const Metric metric : compare::speed_metrics(program())) {
            if (const auto shift = compare::shift_of_system(experiment_, kProgram, metric)) {
                text += fmt::format(
                    "The machine changed on the way: System's {} was {} in the first half of the "
                    "rounds and {} in the second (Mann-Whitney p = {:.2g}). Ratios within the rounds "
                    "allow for that.\n",
                    short_words(metric), value(shift->first_half, metric), value(shift->second_half, metric),
                    shift->p);
            }
        }
        for (const Metric metric : compare::speed_metrics(program())) {
            const auto& control = result_.rows[kProgram].control_of(metric);
            if (compare::is_noisy(control) && is_known(control->interval)) {
                text += fmt::format(
                    "Noisy: System's {} against itself is {}, so smaller differences could not be seen. "
                    "More rounds, or a quieter machine, show more.\n",
                    short_words(metric), ratio_text(control->median, control->interval));
            }
        }
        return text;
    }

    std::string verdicts() const {
        const Verdict verdict = verdict_on(experiment_, result_, kProgram);
        std::string text;
        for (const auto& [label, sentence] : sentences(verdict)) {
            const Tint tint = label == "Verdict"   ? Tint::kStrong
                              : label == "Caution" ? Tint::kBad
                                                   : Tint::kNone;
            text += in_colour(fmt::format("{}: {}", label, sentence), tint) + "\n";
        }
        std::string each;
        for (const AllocatorVerdict& on : verdict.allocators) {
            const std::string& name = experiment_.plan.contenders[on.contender].allocator.name;
            each += fmt::format("  {}: {}{}{}\n", name, in_colour(on.speed_words, tint_of(on.speed)),
                                on.memory_words.empty() ? "" : "\n    ",
                                in_colour(on.memory_words, tint_of(on.memory)));
        }
        if (!each.empty()) {
            text += "\nAgainst System:\n" + each + (verdict.unseen.empty() ? "" : verdict.unseen + "\n");
        }
        return text.empty() ? text : text + "\n";
    }

    static Tint tint_of(Standing standing) {
        return standing == Standing::kBetter  ? Tint::kGood
               : standing == Standing::kWorse ? Tint::kBad
                                              : Tint::kNone;
    }

    std::string in_colour(const std::string& words, Tint tint) const {
        return settings_.colour ? tinted(words, tint) : words;
    }

    const Experiment& experiment_;
    const Result& result_;
    const TextSettings& settings_;
};

} // namespace

std::string program_text(const Experiment& experiment, const Result& result, const TextSettings& settings) {
    return ProgramText(experiment, result, settings).render();
}

} // namespace ashlar::report
