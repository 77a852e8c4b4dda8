// SPDX-License-Identifier: MIT
#include "report/changes.h"

#include "statistics/mann_whitney.h"
#include "statistics/ratio_of_medians.h"
#include "statistics/summary.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <stdexcept>

namespace ashlar::report {

namespace {

constexpr double kSignificance = 0.05;

template <class Range, class Matches>
std::size_t place_of(const Range& range, Matches matches) {
    return static_cast<std::size_t>(std::find_if(range.begin(), range.end(), matches) - range.begin());
}

const Sheet* sheet_named(const Findings& findings, const std::string& key) {
    const auto place = place_of(findings.sheets, [&](const Sheet& sheet) { return sheet.key == key; });
    return place < findings.sheets.size() ? &findings.sheets[place] : nullptr;
}

Standing judge(const Change& change, bool more_is_better) {
    const Standing by_interval = standing_of(change.change, more_is_better);
    const bool differs = by_interval == Standing::kBetter || by_interval == Standing::kWorse;
    return differs && change.p > kSignificance ? Standing::kAlike : by_interval;
}

class Matching {
  public:
    Matching(const Findings& before, const Findings& after) : before_(before), after_(after) {}

    Changes changes() const {
        Changes changes;
        for (const Sheet& sheet : after_.sheets) {
            const Sheet* const earlier = sheet_named(before_, sheet.key);
            if (earlier == nullptr) {
                continue;
            }
            ChangedSheet changed{.sheet = &sheet, .changes = {}};
            for (const Line& line : sheet.lines) {
                add_line(*earlier, sheet, line, changed.changes);
            }
            if (!changed.changes.empty()) {
                changes.sheets.push_back(std::move(changed));
            }
        }
        changes.conditions = conditions();
        changes.unmatched = unmatched();
        return changes;
    }

  private:
    void add_line(const Sheet& earlier, const Sheet& sheet, const Line& line,
                  std::vector<Change>& changes) const {
        const std::string& name = after_.settings[line.setting].name;
        const auto setting =
            place_of(before_.settings, [&](const Setting& each) { return each.name == name; });
        const Line* const old_line = setting < before_.settings.size() ? line_of(earlier, setting) : nullptr;
        if (old_line == nullptr) {
            return;
        }
        for (std::size_t subject = 0; subject < after_.subjects.size(); ++subject) {
            const auto old_subject = place_of(before_.subjects, [&](const Subject& each) {
                return each.name == after_.subjects[subject].name;
            });
            if (old_subject < before_.subjects.size()) {
                add_change(name, subject, old_line->entries[old_subject], line.entries[subject], sheet,
                           changes);
            }
        }
    }

    static void add_change(const std::string& setting, std::size_t subject, const Entry& old_entry,
                           const Entry& new_entry, const Sheet& sheet, std::vector<Change>& changes) {
        if (!old_entry.ratio || !new_entry.ratio || old_entry.ratios.empty() || new_entry.ratios.empty() ||
            !(old_entry.ratio->median > 0)) {
            return;
        }
        Change change{
            .setting = setting,
            .subject = subject,
            .before = *old_entry.ratio,
            .after = *new_entry.ratio,
            .change = {.median = new_entry.ratio->median / old_entry.ratio->median,
                       .interval = statistics::ratio_of_medians_interval(new_entry.ratios, old_entry.ratios)},
            .p = statistics::mann_whitney(new_entry.ratios, old_entry.ratios).p};
        change.standing = judge(change, sheet.more_is_better);
        changes.push_back(std::move(change));
    }

    // Returns the facts of the provenance that differ, and the libraries that are another build.
    std::vector<std::string> conditions() const {
        std::vector<std::string> differences;
        for (const auto& fact : after_.provenance) {
            const auto earlier =
                place_of(before_.provenance, [&](const auto& each) { return each.first == fact.first; });
            const bool expected = fact.first == "started";
            if (!expected && earlier < before_.provenance.size() &&
                before_.provenance[earlier].second != fact.second) {
                differences.push_back(fmt::format("{}: {} before, {} after", fact.first,
                                                  before_.provenance[earlier].second, fact.second));
            }
        }
        for (const Subject& subject : after_.subjects) {
            const auto earlier =
                place_of(before_.subjects, [&](const Subject& each) { return each.name == subject.name; });
            if (earlier < before_.subjects.size() && before_.subjects[earlier].sha256 != subject.sha256) {
                differences.push_back(fmt::format("the library of {} is another build", subject.name));
            }
        }
        return differences;
    }

    std::vector<std::string> unmatched() const {
        std::vector<std::string> found;
        const auto compare_names = [&](const auto& one, const auto& other, const char* where) {
            for (const auto& each : one) {
                const auto same = [&](const auto& candidate) { return candidate.name == each.name; };
                if (std::none_of(other.begin(), other.end(), same)) {
                    found.push_back(fmt::format("{}: only {}", each.name, where));
                }
            }
        };
        compare_names(before_.subjects, after_.subjects, "before");
        compare_names(after_.subjects, before_.subjects, "after");
        compare_names(before_.settings, after_.settings, "before");
        compare_names(after_.settings, before_.settings, "after");
        return found;
    }

    const Findings& before_;
    const Findings& after_;
};

} // namespace

std::size_t Changes::count(Standing standing) const {
    std::size_t found = 0;
    for (const ChangedSheet& sheet : sheets) {
        found += static_cast<std::size_t>(
            std::count_if(sheet.changes.begin(), sheet.changes.end(),
                          [&](const Change& change) { return change.standing == standing; }));
    }
    return found;
}

std::size_t Changes::all() const {
    std::size_t found = 0;
    for (const ChangedSheet& sheet : sheets) {
        found += sheet.changes.size();
    }
    return found;
}

Changes compare_findings(const Findings& before, const Findings& after) {
    Changes changes = Matching(before, after).changes();
    if (changes.sheets.empty()) {
        throw std::invalid_argument(
            "the two results have nothing in common that can be compared: no configuration "
            "of the same name with an allocator of the same name beside System");
    }
    return changes;
}

} // namespace ashlar::report
