// SPDX-License-Identifier: MIT
#include "report/program_text.h"

#include "compare/advice.h"
#include "report/figure_text.h"

#include <cmath>
#include <fmt/format.h>

namespace ashlar::report {

namespace {

using compare::Advice;
using compare::Cell;
using compare::Experiment;
using compare::kReference;
using compare::Metric;
using compare::Ratio;
using compare::Result;
using compare::Standing;

constexpr std::size_t kProgram = 0; // the only configuration

const char* short_words(Metric metric) {
    switch (metric) {
    case Metric::kWall:
        return "wall time";
    case Metric::kCpu:
        return "CPU time";
    case Metric::kPeakRss:
        return "peak RSS";
    default:
        return "own figure";
    }
}

// "CPU time -12.1 % (-13.0 to -10.9)", or how small a difference would have been seen.
std::string difference_text(const Ratio& ratio, Metric metric) {
    if (ratio.verdict() == statistics::Verdict::kNoMeasurableDifference) {
        return std::isfinite(ratio.smallest_visible())
                   ? fmt::format("{} within {:.1f} %", short_words(metric), ratio.smallest_visible() * 100)
                   : fmt::format("{}: too few rounds to tell", short_words(metric));
    }
    const auto percent = [](double value) { return fmt::format("{:+.1f}", (value - 1) * 100); };
    return fmt::format("{} {} % ({} to {})", short_words(metric), percent(ratio.median),
                       percent(ratio.interval.low), percent(ratio.interval.high));
}

class ProgramText {
  public:
    ProgramText(const Experiment& experiment, const Result& result, bool colour)
        : experiment_(experiment), result_(result), colour_(colour),
          reference_(result.rows.at(kProgram).cells.at(kReference)) {}

    std::string render() const {
        std::string text =
            "Medians of the rounds, and medians of the ratios to System within the rounds, ± half of "
            "their 95 % interval:\n\n";
        text += table({own_metric(), Metric::kWall, Metric::kCpu});
        text += table({Metric::kPeakRss, Metric::kRssTrend, Metric::kMinorFaults, Metric::kContextSwitches});
        text += "A/A is System compared with itself: only differences that are larger count.\n\n";
        return text + failures() + remarks() + verdicts();
    }

  private:
    const compare::Configuration& program() const { return experiment_.plan.configurations[kProgram]; }

    // Wall time if there is none: it is shown in any case.
    Metric own_metric() const {
        return program().own_figure ? compare::own_metric(*program().own_figure) : Metric::kWall;
    }

    // Short times are shown in milliseconds.
    bool in_milliseconds(Metric metric) const {
        const auto& found = reference_.of(metric);
        return (metric == Metric::kWall || metric == Metric::kCpu) && found && found->median < 1;
    }

    std::string heading(Metric metric) const {
        if (metric == Metric::kRssTrend) {
            return "RSS end/middle";
        }
        const compare::MetricFacts& facts = compare::facts(metric);
        const std::string unit = in_milliseconds(metric) ? "ms" : facts.unit;
        return std::string(facts.words) + (unit.empty() ? "" : ", " + unit);
    }

    std::string value(double median, Metric metric) const {
        return in_milliseconds(metric) ? fmt::format("{:.1f}", median * 1000) : value_text(median, metric);
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
            header.emplace_back("no run counts"); // so that every allocator has its line
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
        return header.size() == 1 ? "" : table.render(colour_) + "\n";
    }

    std::string name(std::size_t contender) const {
        return experiment_.plan.contenders[contender].is_control
                   ? "A/A"
                   : experiment_.plan.contenders[contender].allocator.name;
    }

    const Cell& cell(std::size_t contender) const { return result_.rows[kProgram].cells[contender]; }

    TextCell cell_text(std::size_t contender, Metric metric) const {
        if (experiment_.plan.contenders[contender].is_control) {
            const auto& control = result_.rows[kProgram].control_of(metric);
            return {control ? ratio_text(*control) : "-", Tint::kFaint};
        }
        const auto& found = cell(contender).of(metric);
        if (!found) {
            const bool failed = cell(contender).failures > 0;
            return {failed ? "failed" : "-", failed ? Tint::kBad : Tint::kFaint};
        }
        const std::string shown = (cell(contender).failures > 0 ? "! " : "") + value(found->median, metric);
        if (found->to_system) {
            return {shown + " " + ratio_text(*found->to_system), tint_of(*found->to_system, metric)};
        }
        const double spread = found->median > 0 ? found->interval.half_width() / found->median : 0;
        return {fmt::format("{} {:<9}", shown, contender == kReference ? spread_text(spread) + "%" : "")};
    }

    std::string failures() const {
        std::string text;
        for (const compare::Sample& sample : experiment_.samples) {
            if (!sample.failure.empty()) {
                text += fmt::format("!  {}, {}: {}\n", name(sample.contender),
                                    sample.round == compare::kWarmUp ? "warm-up"
                                                                     : fmt::format("round {}", sample.round),
                                    sample.failure);
            }
        }
        return text.empty() ? text : "Runs that failed; they are in no figure:\n" + text + "\n";
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
            if (const double percent = noise_percent(metric); std::isfinite(percent) && is_noisy(metric)) {
                text += fmt::format(
                    "Noisy: System's {} differs from itself by up to {:.0f} %, so smaller differences "
                    "could not be seen. More rounds, or a quieter machine, show more.\n",
                    short_words(metric), percent);
            }
        }
        return text.empty() ? text : text + "\n";
    }

    bool is_noisy(Metric metric) const {
        return compare::is_noisy(result_.rows[kProgram].control_of(metric));
    }

    double noise_percent(Metric metric) const {
        const auto& control = result_.rows[kProgram].control_of(metric);
        return control ? 100 * std::max(control->interval.high - 1, 1 - control->interval.low) : 0;
    }

    std::string verdicts() const {
        std::string text;
        for (std::size_t contender = 0; contender < experiment_.plan.contenders.size(); ++contender) {
            if (contender != kReference && !experiment_.plan.contenders[contender].is_control) {
                text += "  " + name(contender) + ": " + verdict_on(contender) + "\n";
            }
        }
        return text.empty()
                   ? conclusion()
                   : "Against System (\"within\" is how small a difference would have been seen):\n" + text +
                         "\n" + conclusion();
    }

    std::string verdict_on(std::size_t contender) const {
        const auto advice = compare::advise(experiment_, result_, kProgram, contender);
        if (!advice) {
            return "nothing that can be compared";
        }
        std::string text = speed_words(*advice);
        const char* separator = ": ";
        for (const Metric metric : compare::speed_metrics(program())) {
            text += separator + figure_words(contender, metric);
            separator = ", ";
        }
        return text + "; " + figure_words(contender, Metric::kPeakRss);
    }

    std::string figure_words(std::size_t contender, Metric metric) const {
        const auto& found = cell(contender).of(metric);
        return found && found->to_system ? difference_text(*found->to_system, metric)
                                         : std::string(short_words(metric)) + " not known";
    }

    static std::string speed_words(const Advice& advice) {
        if (advice.contradictory) {
            return "faster in one, slower in the other";
        }
        switch (advice.speed) {
        case Standing::kBetter:
            return "faster";
        case Standing::kWorse:
            return "slower";
        case Standing::kNoMeasurableDifference:
            break;
        }
        return "no measurable difference";
    }

    std::string conclusion() const {
        if (reference_.samples == 0) {
            return "Verdict: none, as no run under System counts.\n";
        }
        if (!can_tell()) {
            return fmt::format(
                "Verdict: none, as nothing can be told from so few rounds that count; {} are the "
                "fewest.\n",
                statistics::kFewestForInterval);
        }
        if (!any_compared()) {
            return "Verdict: none, as no other allocator could be measured.\n";
        }
        const auto best = compare::best_choice(experiment_, result_, kProgram);
        if (!best) {
            return any_worse() ? "Verdict: keep System; nothing here is measurably better for this program.\n"
                               : "Verdict: no measurable difference: keep System.\n";
        }
        const Advice advice = *compare::advise(experiment_, result_, kProgram, *best);
        if (advice.speed != Standing::kBetter) {
            return fmt::format("Verdict: {} for its memory ({}); none is measurably faster than System.\n",
                               name(*best), figure_words(*best, Metric::kPeakRss));
        }
        return fmt::format("Verdict: {} is the fastest here{}.\n", name(*best),
                           advice.memory == Standing::kWorse
                               ? ", and needs more memory: " + figure_words(*best, Metric::kPeakRss)
                               : "");
    }

    // As many rounds as an interval needs, in which System ran twice.
    bool can_tell() const {
        for (const Metric metric : compare::speed_metrics(program())) {
            const auto& control = result_.rows[kProgram].control_of(metric);
            if (control && std::isfinite(control->interval.half_width())) {
                return true;
            }
        }
        return false;
    }

    bool any_compared() const {
        for (std::size_t contender = 0; contender < experiment_.plan.contenders.size(); ++contender) {
            if (!experiment_.plan.contenders[contender].allocator.is_system() &&
                compare::advise(experiment_, result_, kProgram, contender)) {
                return true;
            }
        }
        return false;
    }

    bool any_worse() const {
        for (std::size_t contender = 0; contender < experiment_.plan.contenders.size(); ++contender) {
            const auto advice = compare::advise(experiment_, result_, kProgram, contender);
            if (advice && (advice->speed == Standing::kWorse || advice->contradictory)) {
                return true;
            }
        }
        return false;
    }

    const Experiment& experiment_;
    const Result& result_;
    bool colour_;
    const Cell& reference_;
};

} // namespace

std::string program_text(const Experiment& experiment, const Result& result, bool colour) {
    return ProgramText(experiment, result, colour).render();
}

} // namespace ashlar::report
