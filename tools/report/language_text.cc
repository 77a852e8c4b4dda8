// SPDX-License-Identifier: MIT
#include "report/language_text.h"

#include "report/comparison_text.h"
#include "report/failures.h"
#include "report/ratio_text.h"

#include <algorithm>
#include <fmt/format.h>

namespace ashlar::report {

namespace {

using compare::Change;
using compare::Experiment;
using compare::kReference;
using compare::LanguageFacts;
using compare::Metric;

constexpr const char* kBase = "C";

const LanguageFacts* facts_of(const std::vector<LanguageFacts>& facts, const std::string& language) {
    const auto found = std::find_if(facts.begin(), facts.end(),
                                    [&](const LanguageFacts& each) { return each.name == language; });
    return found == facts.end() ? nullptr : &*found;
}

std::string ratio_or_dash(const std::optional<double>& ratio) {
    return ratio ? ratio_text(*ratio) : "-";
}

// Returns "5 to 60×". The language that others are compared with has no expectation.
std::string expectation(const LanguageFacts* facts) {
    return facts == nullptr || facts->least == facts->most
               ? "-"
               : fmt::format("{} to {}×", facts->least, facts->most);
}

TextCell mean_cell(const compare::LanguageRatio& ratio, const LanguageFacts* facts) {
    const bool is_outside =
        facts != nullptr && ratio.mean && (*ratio.mean < facts->least || *ratio.mean > facts->most);
    return {(is_outside ? "! " : "") + ratio_or_dash(ratio.mean), is_outside ? Tint::kBad : Tint::kNone};
}

std::string between_languages(const Experiment& experiment, const compare::Result& result,
                              const std::vector<LanguageFacts>& facts, const TextSettings& settings) {
    const auto languages = compare::languages_of(experiment.plan);
    if (std::find(languages.begin(), languages.end(), kBase) == languages.end()) {
        return fmt::format("{} did not run, so that there is nothing to compare languages with.\n\n", kBase);
    }
    std::vector<std::string> header{""};
    for (const std::string& task : compare::tasks_of(experiment.plan)) {
        header.push_back(task);
    }
    header.insert(header.end(), {"mean", "expected"});
    TextTable table(header);
    bool any_outside = false;
    for (const compare::LanguageRatio& ratio : compare::language_ratios(experiment, result, kBase)) {
        const LanguageFacts* const known = facts_of(facts, ratio.language);
        std::vector<TextCell> cells{{ratio.language}};
        for (const auto& of_task : ratio.by_task) {
            cells.push_back({ratio_or_dash(of_task)});
        }
        cells.push_back(mean_cell(ratio, known));
        any_outside |= cells.back().tint == Tint::kBad;
        cells.push_back({expectation(known)});
        table.add(std::move(cells));
    }
    return fmt::format(
        "Between languages: CPU time of a task over that of the same task in {}, under {}\n\n"
        "{}\nThe mean is geometric. What is expected is a coarse range, to catch a mistake.\n{}\n",
        kBase, experiment.plan.contenders[kReference].allocator.name,
        table.render(settings.colour, settings.columns),
        any_outside ? "!  outside of what was expected\n" : "");
}

// Returns where each language has its objects, which limits the differences that an allocator can make.
std::string where_objects_lie(const Experiment& experiment, const std::vector<LanguageFacts>& facts) {
    std::string text;
    for (const std::string& language : compare::languages_of(experiment.plan)) {
        if (const LanguageFacts* const known = facts_of(facts, language)) {
            text += fmt::format("  {:<8} {}\n", language, known->memory);
        }
    }
    return text.empty() ? text : "Where objects lie:\n" + text + "\n";
}

std::string milliseconds(const std::optional<double>& seconds) {
    return seconds ? number_text(*seconds * 1e3, 1) : "-";
}

TextCell change_cell(const Change& change) {
    if (!change.ratio) {
        return {"-", Tint::kFaint};
    }
    Tint tint = Tint::kNone;
    switch (compare::standing(*change.ratio, Metric::kCpu)) {
    case compare::Standing::kBetter:
        tint = Tint::kGood;
        break;
    case compare::Standing::kWorse:
        tint = Tint::kBad;
        break;
    case compare::Standing::kAlike:
    case compare::Standing::kUnknown:
        break;
    }
    return {ratio_text(change.ratio->median, change.ratio->interval), tint};
}

TextCell noise_cell(const Change& change) {
    const bool is_known = change.ratio && report::is_known(change.ratio->noise);
    return {is_known ? fmt::format("{:.3f} to {:.3f}", change.ratio->noise.low, change.ratio->noise.high)
                     : "-",
            Tint::kFaint};
}

std::string remarks(const Experiment& experiment) {
    std::string text;
    for (const std::string& sentence : failures(experiment)) {
        text += "!  " + sentence + "\n";
    }
    text = text.empty() ? text : "Runs that failed; they are in no figure:\n" + text;
    for (const std::string& remark : experiment.remarks) {
        text += remark + "\n";
    }
    return text;
}

} // namespace

std::string language_text(const Experiment& experiment, const compare::Result& result,
                          const std::vector<LanguageFacts>& facts, const TextSettings& settings) {
    const ComparisonView view{.metrics = {Metric::kOwnCost, Metric::kPeakRss},
                              .judged_by = "CPU time of the task"};
    return comparison_text(experiment, result, settings, view) + "\n" +
           between_languages(experiment, result, facts, settings) + where_objects_lie(experiment, facts);
}

std::string language_changes_text(const Experiment& experiment, const TextSettings& settings) {
    TextTable table({"", "before", "now", "now / before", "before / before", "worst task"});
    const auto changes = compare::language_changes(experiment);
    for (std::size_t index = 0; index < changes.size(); ++index) {
        const compare::LanguageChange& change = changes[index];
        if (index != 0) {
            table.add_rule();
        }
        for (const Change& task : change.tasks) {
            table.add({{change.total.name + ", " + task.name},
                       {milliseconds(task.before)},
                       {milliseconds(task.now)},
                       change_cell(task),
                       noise_cell(task)});
        }
        const Change* const worst = change.worst();
        table.add({{change.total.name + ", total"},
                   {milliseconds(change.total.before)},
                   {milliseconds(change.total.now)},
                   change_cell(change.total),
                   noise_cell(change.total),
                   {worst == nullptr ? "-" : worst->name + " " + ratio_text(worst->ratio->median)}});
    }
    return fmt::format(
        "User time of whole processes, in ms: median, and the ratio with the 95 % interval; less is "
        "better\n\n{}\nA total is the sum over the tasks of a round. before / before is the interval of the "
        "old library against itself:\nwhat no difference looks like here.\n{}",
        table.render(settings.colour, settings.columns), remarks(experiment));
}

} // namespace ashlar::report
