// SPDX-License-Identifier: MIT
#include "report/alarm.h"

#include "alarm/significance.h"
#include "report/chart/markup.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

namespace ashlar::report {

namespace {

using namespace ashlar::alarm;
using chart::escaped;
using Json = nlohmann::ordered_json;

Tint tint_of(Outcome outcome) {
    switch (outcome) {
    case Outcome::kPassed:
        return Tint::kNone;
    case Outcome::kImproved:
        return Tint::kGood;
    case Outcome::kRegressed:
        return Tint::kBad;
    case Outcome::kNotJudged:
        break;
    }
    return Tint::kFaint;
}

std::string sentence_of(const Finding& finding) {
    std::string text = fmt::format("{}, {}: {:.4g}, the reference has {:.4g}", finding.benchmark,
                                   finding.figure, finding.present, finding.reference);
    if (finding.reference != 0) {
        text += fmt::format(", factor {:.3f}", finding.factor());
    }
    return text;
}

std::size_t number_of(const Findings& findings, Outcome outcome) {
    return static_cast<std::size_t>(std::count_if(
        findings.begin(), findings.end(), [&](const Finding& each) { return each.outcome == outcome; }));
}

// Returns the change that every figure of the gate would have shown: "memory 5 %". Empty without judged
// figures.
std::string smallest_visible(const Findings& findings, Gate gate) {
    double largest = 0;
    for (const Finding& each : findings) {
        if (each.gate == gate && each.outcome != Outcome::kNotJudged) {
            largest = std::max(largest, each.smallest_visible);
        }
    }
    return largest == 0 ? "" : fmt::format("{} {:.0f} %", name_of(gate), 100 * largest);
}

// Groups the figures by obstacle.
std::string not_judged_text(const Findings& findings) {
    std::map<std::string, std::vector<std::string>> by_obstacle;
    for (const Finding& each : findings) {
        if (each.outcome == Outcome::kNotJudged) {
            by_obstacle[each.obstacle].push_back(each.benchmark + " (" + each.figure + ")");
        }
    }
    std::string text;
    for (const auto& [obstacle, names] : by_obstacle) {
        text += fmt::format("\nnot judged: {}\n  {}\n", obstacle, fmt::join(names, ", "));
    }
    return text;
}

std::vector<std::string> benchmarks_of(const Findings& findings) {
    std::vector<std::string> names;
    for (const Finding& each : findings) {
        if (std::find(names.begin(), names.end(), each.benchmark) == names.end()) {
            names.push_back(each.benchmark);
        }
    }
    return names;
}

Findings of(const Findings& findings, const std::string& benchmark, Gate gate) {
    Findings result;
    std::copy_if(findings.begin(), findings.end(), std::back_inserter(result),
                 [&](const Finding& each) { return each.benchmark == benchmark && each.gate == gate; });
    return result;
}

// Returns "1.003×" for the gate's figure, or the outcome if that matters more.
TextCell gate_cell(const Findings& findings) {
    if (findings.empty()) {
        return {"-", Tint::kFaint};
    }
    const Outcome outcome = worst(findings);
    const auto first = std::find_if(findings.begin(), findings.end(),
                                    [&](const Finding& each) { return each.outcome == outcome; });
    if (outcome == Outcome::kNotJudged) {
        return {"not judged", Tint::kFaint};
    }
    if (first->reference == 0 && first->present > 0) {
        return {first->figure == kFailedRuns ? "failed" : "new", tint_of(outcome)};
    }
    return {fmt::format("{:.3f}×", first->factor()), tint_of(outcome)};
}

std::string table_text(const Findings& findings, const TextSettings& settings) {
    TextTable table({"benchmark", "exact", "memory", "time", "coarse"});
    for (const std::string& name : benchmarks_of(findings)) {
        std::vector<TextCell> row{{name}};
        for (const Gate gate : kGates) {
            row.push_back(gate_cell(of(findings, name, gate)));
        }
        table.add(std::move(row));
    }
    return table.render(settings.colour, settings.columns);
}

std::string again_for(const AlarmContext& context, const std::string& benchmark) {
    std::string text = context.again;
    if (const auto place = text.find("{}"); place != std::string::npos) {
        // Every run with the exact gate compares the files. The start-up benchmark is the shortest.
        text.replace(place, 2, benchmark == alarm::kLibraryFile ? "start-up" : benchmark);
    }
    return text;
}

std::string explanation_text(const std::vector<Hypotheses>& explanations) {
    std::string text;
    for (const Hypotheses& each : explanations) {
        text += fmt::format("\n{}: {}\n", each.benchmark, each.conclusion);
        for (const Hypothesis& cause : each.causes) {
            text += fmt::format("  {:12}  {}: {}\n", name_of(cause.standing), cause.cause, cause.evidence);
        }
    }
    return text;
}

// Lists changes within their gates that are larger than the figure's usual variation.
std::string significance_text(const Findings& findings) {
    std::string text = fmt::format("\nBy what each figure usually varies by: {}.\n", change_of(findings));
    for (const Finding& each : findings) {
        if (each.change != Change::kNone && each.outcome == Outcome::kPassed) {
            text += fmt::format("  {}, but within its gate: {}; it varies by {:.1f} %\n",
                                name_of(each.change), sentence_of(each), 100 * each.spread.value_or(0));
        }
    }
    return text;
}

// JSON has no infinity and no NaN.
Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json();
}

} // namespace

std::string alarm_text(const Report& report, const AlarmContext& context, const TextSettings& settings) {
    const Findings& findings = report.findings;
    const std::size_t regressed = number_of(findings, Outcome::kRegressed);
    const std::size_t improved = number_of(findings, Outcome::kImproved);
    const std::size_t open = number_of(findings, Outcome::kNotJudged);
    std::string text =
        fmt::format("{}: {} figures compared with {}: {} regressed, {} improved, {} not judged\n\n",
                    regressed > 0 && improved > 0 ? "MIXED"
                    : regressed > 0               ? "REGRESSION"
                    : open > 0                    ? "NOT JUDGED"
                    : improved > 0                ? "IMPROVED"
                                                  : "PASSED",
                    findings.size(), context.reference, regressed, improved, open);
    text += table_text(findings, settings);
    for (const Outcome outcome : {Outcome::kRegressed, Outcome::kImproved}) {
        for (const Finding& each : findings) {
            if (each.outcome != outcome) {
                continue;
            }
            text +=
                fmt::format("\n{}, {} gate: {}\n", name_of(outcome), name_of(each.gate), sentence_of(each));
            if (!each.detail.empty()) {
                text += "  " + each.detail + "\n";
            }
            if (outcome == Outcome::kRegressed) {
                text += "  again: " + again_for(context, each.benchmark) + "\n";
            }
        }
    }
    text += not_judged_text(findings);
    text += significance_text(findings);
    if (!context.anchor.empty()) {
        text += "\n" + context.anchor + "\n";
    }
    if (!report.pattern.empty()) {
        text += "\n" + report.pattern + "\n";
    }
    if (context.explain) {
        text += explanation_text(report.explanations);
    }
    std::vector<std::string> visible;
    for (const Gate gate : {Gate::kMemory, Gate::kTime, Gate::kCoarse}) {
        if (const std::string one = smallest_visible(findings, gate); !one.empty()) {
            visible.push_back(one);
        }
    }
    if (!visible.empty()) {
        text += fmt::format("\nA smaller change than this may have stayed unseen: {}.\n",
                            fmt::join(visible, ", "));
    }
    if (std::any_of(findings.begin(), findings.end(), [](const Finding& each) {
            return (each.gate == Gate::kTime || each.gate == Gate::kMemory) &&
                   each.outcome != Outcome::kNotJudged;
        })) {
        text += fmt::format("False alarms, by this run's own noise: {:.1f} % of runs.\n",
                            100 * report.false_alarms);
    }
    return text;
}

void write_alarm_json(std::ostream& out, const Report& report, const AlarmContext& context) {
    Json findings = Json::array();
    for (const Finding& each : report.findings) {
        findings.push_back({{"benchmark", each.benchmark},
                            {"gate", name_of(each.gate)},
                            {"figure", each.figure},
                            {"outcome", name_of(each.outcome)},
                            {"present", number(each.present)},
                            {"reference", number(each.reference)},
                            {"threshold", number(each.threshold)},
                            {"smallest_visible", number(each.smallest_visible)},
                            {"change", name_of(each.change)},
                            {"usual_spread", each.spread ? number(*each.spread) : Json()},
                            {"detail", each.detail},
                            {"obstacle", each.obstacle}});
    }
    Json explanations = Json::array();
    for (const Hypotheses& each : report.explanations) {
        Json causes = Json::array();
        for (const Hypothesis& cause : each.causes) {
            causes.push_back({{"cause", cause.cause},
                              {"standing", name_of(cause.standing)},
                              {"evidence", cause.evidence}});
        }
        explanations.push_back(
            {{"benchmark", each.benchmark}, {"conclusion", each.conclusion}, {"causes", std::move(causes)}});
    }
    const Json file{{"format", "ashlar alarm"},
                    {"version", 1},
                    {"outcome", name_of(worst(report.findings))},
                    {"change", change_of(report.findings)},
                    {"reference", context.reference},
                    {"complete", report.complete},
                    {"runs", report.runs},
                    {"false_alarm_share", report.false_alarms},
                    {"machine",
                     {{"other_processors_busy", report.disturbance.others},
                      {"stolen_share", report.disturbance.stolen_share},
                      {"load", report.disturbance.load},
                      {"why_not_quiet", report.disturbance.why_not_quiet()}}},
                    {"findings", std::move(findings)},
                    {"explanations", std::move(explanations)},
                    {"figures", report.figures}};
    out << file.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

void write_alarm_junit(std::ostream& out, const Report& report, const AlarmContext& context) {
    std::string cases;
    for (const Finding& each : report.findings) {
        cases += fmt::format(R"(  <testcase classname="{}" name="{}")", escaped(each.benchmark),
                             escaped(fmt::format("{}: {}", name_of(each.gate), each.figure)));
        if (each.outcome == Outcome::kRegressed) {
            cases +=
                fmt::format(">\n    <failure message=\"{}\">{}\nthe reference is {}\nagain: {}</failure>\n"
                            "  </testcase>\n",
                            escaped(sentence_of(each)), escaped(each.detail), escaped(context.reference),
                            escaped(again_for(context, each.benchmark)));
        } else if (each.outcome == Outcome::kNotJudged) {
            cases += fmt::format(">\n    <skipped message=\"{}\"/>\n  </testcase>\n", escaped(each.obstacle));
        } else {
            cases += "/>\n";
        }
    }
    out << fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"ashlar alarm\" tests=\"{}\" "
        "failures=\"{}\" skipped=\"{}\">\n{}</testsuite>\n",
        report.findings.size(), number_of(report.findings, Outcome::kRegressed),
        number_of(report.findings, Outcome::kNotJudged), cases);
}

std::string reference_changes(const Recorded& before, const Recorded& after) {
    constexpr double kShown = 0.01;
    std::string text;
    for (const auto& [benchmark, figures] : after.figures) {
        const auto old = before.figures.find(benchmark);
        for (const auto& [figure, value] : figures) {
            const auto was = old == before.figures.end() ? figures.end() : old->second.find(figure);
            if (old == before.figures.end() || was == old->second.end()) {
                text += fmt::format("  {}, {}: {:.4g} (new)\n", benchmark, figure, value);
            } else if (std::abs(value - was->second) > kShown * std::abs(was->second)) {
                text += fmt::format("  {}, {}: {:.4g} -> {:.4g}\n", benchmark, figure, was->second, value);
            }
        }
    }
    return text.empty() ? "  no figure moved by more than 1 %\n" : text;
}

} // namespace ashlar::report
