// SPDX-License-Identifier: MIT
#include "report/findings.h"

#include "report/slots.h"
#include "statistics/summary.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

namespace ashlar::report {

namespace {

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](unsigned char each) { return std::isdigit(each); });
}

double as_number(std::string_view text) {
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// Returns 64 for "64", and the geometric mean for "16-1024".
std::optional<double> size_of(std::string_view words) {
    const auto dash = words.find('-');
    if (is_number(words)) {
        return as_number(words);
    }
    if (dash == std::string_view::npos || !is_number(words.substr(0, dash)) ||
        !is_number(words.substr(dash + 1))) {
        return std::nullopt;
    }
    return std::sqrt(as_number(words.substr(0, dash)) * as_number(words.substr(dash + 1)));
}

bool drop_suffix(std::string_view& text, std::string_view suffix) {
    if (!text.ends_with(suffix)) {
        return false;
    }
    text.remove_suffix(suffix.size());
    return true;
}

// Reads one part of a name. Returns false if it is neither threads nor a size.
bool read_part(std::string_view part, Setting& setting) {
    std::string_view rest = part;
    if (drop_suffix(rest, " threads") || drop_suffix(rest, " thread")) {
        if (is_number(rest)) {
            setting.threads = static_cast<unsigned>(as_number(rest));
            return true;
        }
        return false;
    }
    if (part.starts_with("threads:") && is_number(part.substr(8))) {
        setting.threads = static_cast<unsigned>(as_number(part.substr(8)));
        return true;
    }
    rest = part;
    const bool named = drop_suffix(rest, " B") || rest.starts_with("size:") || rest.starts_with("bytes:");
    if (const auto colon = rest.find(':'); colon != std::string_view::npos) {
        rest.remove_prefix(colon + 1);
    }
    const auto size = named || is_number(part) ? size_of(rest) : std::nullopt;
    if (!size || setting.size) {
        return false;
    }
    setting.size = size;
    setting.size_words = rest;
    return true;
}

// In logarithms, the squares of independent errors add up.
statistics::Interval interval_of_mean(const std::vector<Estimate>& parts) {
    double low = 0;
    double high = 0;
    double middle = 0;
    for (const Estimate& part : parts) {
        if (!(part.interval.low > 0) || !std::isfinite(part.interval.high)) {
            constexpr double kInfinite = std::numeric_limits<double>::infinity();
            return {.low = -kInfinite, .high = kInfinite};
        }
        middle += std::log(part.median);
        low += std::pow(std::log(part.median / part.interval.low), 2);
        high += std::pow(std::log(part.interval.high / part.median), 2);
    }
    const auto count = static_cast<double>(std::max<std::size_t>(parts.size(), 1));
    return {.low = std::exp((middle - std::sqrt(low)) / count),
            .high = std::exp((middle + std::sqrt(high)) / count)};
}

} // namespace

void read_axes(Setting& setting) {
    const bool words = setting.name.find(", ") != std::string::npos;
    const std::string_view separator = words ? ", " : "/";
    std::string_view left = setting.name;
    setting.series.clear();
    while (!left.empty()) {
        const auto end = left.find(separator);
        const std::string_view part = left.substr(0, end);
        // The first part is always the name.
        if (setting.series.empty() || !read_part(part, setting)) {
            setting.series += (setting.series.empty() ? "" : std::string(separator)) + std::string(part);
        }
        left = end == std::string_view::npos ? std::string_view{} : left.substr(end + separator.size());
    }
}

void give_slots(std::vector<Subject>& subjects) {
    std::vector<std::string> names;
    for (const Subject& subject : subjects) {
        names.push_back(subject.name);
    }
    const std::vector<std::size_t> slots = slots_of(names);
    for (std::size_t index = 0; index < subjects.size(); ++index) {
        subjects[index].slot = slots[index];
    }
}

Standing standing_of(const Estimate& ratio, bool more_is_better) {
    if (!std::isfinite(ratio.interval.low) || !std::isfinite(ratio.interval.high)) {
        return Standing::kUnknown;
    }
    if (ratio.interval.contains(1)) {
        return Standing::kAlike;
    }
    return (ratio.interval.low > 1) == more_is_better ? Standing::kBetter : Standing::kWorse;
}

bool has_figures(const Sheet& sheet, std::size_t subject) {
    return std::any_of(sheet.lines.begin(), sheet.lines.end(),
                       [&](const Line& line) { return line.entries[subject].value.has_value(); });
}

const Line* line_of(const Sheet& sheet, std::size_t setting) {
    const auto found = std::find_if(sheet.lines.begin(), sheet.lines.end(),
                                    [&](const Line& line) { return line.setting == setting; });
    return found == sheet.lines.end() ? nullptr : &*found;
}

Tally speed_tally(const Findings& findings, std::size_t subject) {
    Tally result;
    for (const std::vector<Speed>& speed : findings.speed) {
        result.add(speed[subject].standing);
    }
    return result;
}

Tally memory_tally(const Findings& findings, std::size_t subject) {
    Tally result;
    if (const Sheet* const sheet = memory_sheet(findings)) {
        for (const Line& line : sheet->lines) {
            result.add(line.entries[subject].standing);
        }
    }
    return result;
}

void add_tallies(Findings& findings) {
    for (std::size_t subject = 1; subject < findings.subjects.size(); ++subject) {
        const std::string memory = memory_words(memory_tally(findings, subject));
        findings.verdict.emplace_back(
            findings.subjects[subject].name,
            speed_words(speed_tally(findings, subject), findings.subjects.front().name) +
                (memory.empty() ? "" : "; ") + memory + ".");
    }
}

std::optional<double> mean_ratio(const Findings& findings, const Sheet& sheet, const std::string& group,
                                 std::size_t subject) {
    std::vector<double> ratios;
    for (const Line& line : sheet.lines) {
        if (!group.empty() && findings.settings[line.setting].group != group) {
            continue;
        }
        if (!line.entries[subject].ratio) {
            return std::nullopt;
        }
        ratios.push_back(line.entries[subject].ratio->median);
    }
    return ratios.empty() ? std::nullopt : std::optional(statistics::geometric_mean(ratios));
}

std::vector<Speed> speed_by(const Sheet& sheet, std::size_t setting, std::size_t subjects) {
    std::vector<Speed> result(subjects);
    const Line* const line = line_of(sheet, setting);
    for (std::size_t subject = 0; subject < subjects && line != nullptr; ++subject) {
        const Entry& entry = line->entries[subject];
        result[subject].standing = entry.standing;
        if (entry.ratio && entry.ratio->median > 0) {
            const statistics::Interval& interval = entry.ratio->interval;
            const bool more = sheet.more_is_better;
            result[subject].ratio = more ? entry.ratio->median : 1 / entry.ratio->median;
            result[subject].interval = !std::isfinite(interval.half_width()) ? interval
                                       : more                                ? interval
                                              : statistics::Interval{1 / interval.high, 1 / interval.low};
        }
    }
    return result;
}

std::optional<double> mean_speed(const Findings& findings, std::size_t subject) {
    std::vector<double> ratios;
    for (const std::vector<Speed>& speed : findings.speed) {
        if (speed[subject].ratio) {
            ratios.push_back(*speed[subject].ratio);
        }
    }
    return ratios.empty() ? std::nullopt : std::optional(statistics::geometric_mean(ratios));
}

statistics::Interval speed_interval(const Findings& findings, std::size_t subject) {
    std::vector<Estimate> parts;
    for (const std::vector<Speed>& speed : findings.speed) {
        if (speed[subject].ratio) {
            parts.push_back({.median = *speed[subject].ratio, .interval = speed[subject].interval});
        }
    }
    return interval_of_mean(parts);
}

statistics::Interval memory_interval(const Findings& findings, std::size_t subject) {
    std::vector<Estimate> parts;
    if (const Sheet* const sheet = memory_sheet(findings)) {
        for (const Line& line : sheet->lines) {
            if (line.entries[subject].ratio && line.entries[subject].ratio->median > 0) {
                parts.push_back(*line.entries[subject].ratio);
            }
        }
    }
    return interval_of_mean(parts);
}

const Sheet* memory_sheet(const Findings& findings) {
    const auto found = std::find_if(findings.sheets.begin(), findings.sheets.end(),
                                    [](const Sheet& sheet) { return sheet.key == "peak_rss_kib"; });
    return found == findings.sheets.end() ? nullptr : &*found;
}

std::optional<double> mean_memory(const Findings& findings, std::size_t subject) {
    const Sheet* const sheet = memory_sheet(findings);
    std::vector<double> ratios;
    if (sheet != nullptr) {
        for (const Line& line : sheet->lines) {
            if (line.entries[subject].ratio && line.entries[subject].ratio->median > 0) {
                ratios.push_back(line.entries[subject].ratio->median);
            }
        }
    }
    return ratios.empty() ? std::nullopt : std::optional(statistics::geometric_mean(ratios));
}

} // namespace ashlar::report
