// SPDX-License-Identifier: MIT
#include "report/page/pictures.h"

#include "report/figures.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace ashlar::report::page {

namespace {

chart::Range range_of(const statistics::Interval& interval) {
    return {.low = interval.low, .high = interval.high};
}

std::vector<double> scaled(const std::vector<double>& values, double scale) {
    std::vector<double> result;
    result.reserve(values.size());
    for (const double value : values) {
        result.push_back(value / scale);
    }
    return result;
}

std::string unit_of(const Sheet& sheet) {
    return sheet.unit.empty() ? "" : " " + sheet.unit;
}

// "1.61× (1.58 to 1.64)" fills two columns: ratio and interval.
std::string before_space(const std::string& text) {
    return text.substr(0, text.find(' '));
}

std::string after_space(const std::string& text) {
    return text.substr(text.find(' ') + 1);
}

chart::ForestMark mark_of(const Findings& findings, const Sheet& sheet, const Line& line,
                          std::size_t subject) {
    const Entry& entry = line.entries[subject];
    const Estimate& ratio = *entry.ratio;
    return {.name = findings.subjects[subject].name,
            .slot = findings.subjects[subject].slot,
            .median = ratio.median,
            .interval = range_of(ratio.interval),
            .figure = before_space(estimate_text(ratio)),
            .interval_text = after_space(estimate_text(ratio)),
            .description = fmt::format(
                "{}, {}: {}{}, {} of {}: {}", findings.settings[line.setting].name,
                findings.subjects[subject].name, value_text(sheet, entry.value->median), unit_of(sheet),
                estimate_text(ratio), findings.subjects.front().name, standing_words(sheet, entry.standing)),
            .rounds = entry.ratios};
}

// Indices of settings, in the order of measurement.
using Places = std::vector<std::size_t>;

enum class Axis { kThreads, kSize };

// Returns groups of settings that differ only in the axis.
std::vector<Places> families(const Findings& findings, Axis axis) {
    std::vector<Places> found;
    std::map<std::string, std::size_t> known;
    for (std::size_t place = 0; place < findings.settings.size(); ++place) {
        const Setting& setting = findings.settings[place];
        if (axis == Axis::kSize && !setting.size) {
            continue;
        }
        const std::string key =
            setting.series + "\n" +
            (axis == Axis::kThreads ? setting.size_words : std::to_string(setting.threads));
        const auto [entry, is_new] = known.try_emplace(key, found.size());
        if (is_new) {
            found.emplace_back();
        }
        found[entry->second].push_back(place);
    }
    const auto value = [&](std::size_t place) {
        const Setting& setting = findings.settings[place];
        return axis == Axis::kThreads ? setting.threads : *setting.size;
    };
    for (Places& family : found) {
        std::stable_sort(family.begin(), family.end(),
                         [&](auto one, auto other) { return value(one) < value(other); });
    }
    std::erase_if(found, [&](const Places& family) { return value(family.front()) == value(family.back()); });
    return found;
}

chart::Line line_of_subject(const Findings& findings, const Sheet& sheet, const Places& family,
                            std::size_t subject) {
    chart::Line result{
        .name = findings.subjects[subject].name, .slot = findings.subjects[subject].slot, .points = {}};
    for (std::size_t place = 0; place < family.size(); ++place) {
        const Line* const line = line_of(sheet, family[place]);
        if (line == nullptr || !line->entries[subject].value) {
            continue;
        }
        const Entry& entry = line->entries[subject];
        const Estimate& value = *entry.value;
        result.points.push_back(
            {.x = static_cast<double>(place),
             .y = value.median / sheet.scale,
             .interval = {.low = value.interval.low / sheet.scale, .high = value.interval.high / sheet.scale},
             .description = fmt::format(
                 "{}, {}: {}{}{}", findings.settings[family[place]].name, findings.subjects[subject].name,
                 value_text(sheet, value.median), unit_of(sheet),
                 entry.ratio ? ", " + ratio_text(entry.ratio->median) + " " + findings.subjects.front().name
                             : ""),
             .rounds = scaled(entry.values, sheet.scale)});
    }
    return result;
}

chart::Lines lines_of(const Findings& findings, const Sheet& sheet, const Places& family, Axis axis) {
    const Setting& first = findings.settings[family.front()];
    const std::string rest = axis == Axis::kThreads
                                 ? (first.size_words.empty() ? "" : ", " + first.size_words + " B")
                                 : (first.threads == 1 ? "" : fmt::format(", {} threads", first.threads));
    chart::Lines lines{.name = first.series + rest,
                       .x_title = axis == Axis::kThreads ? "threads" : "size of a block, in bytes",
                       .y_title = sheet.title + (sheet.unit.empty() ? "" : ", " + sheet.unit),
                       .x_marks = {},
                       .lines = {},
                       .shaded_from = std::nullopt,
                       .shaded_words = {}};
    for (std::size_t place = 0; place < family.size(); ++place) {
        const Setting& setting = findings.settings[family[place]];
        const auto at = static_cast<double>(place);
        lines.x_marks.push_back(
            {.at = at,
             .words = axis == Axis::kThreads ? std::to_string(setting.threads) : setting.size_words});
        if (setting.oversubscribed && !lines.shaded_from && axis == Axis::kThreads) {
            lines.shaded_from = place == 0 ? 0 : at - 0.5;
            lines.shaded_words = fmt::format("more than {} processors", findings.processors);
        }
    }
    for (std::size_t subject = 0; subject < findings.subjects.size(); ++subject) {
        lines.lines.push_back(line_of_subject(findings, sheet, family, subject));
    }
    return lines;
}

std::vector<chart::Lines> all_lines(const Findings& findings, Axis axis) {
    std::vector<chart::Lines> pictures;
    const Sheet* const sheet = throughput_sheet(findings);
    if (sheet == nullptr) {
        return pictures;
    }
    for (const Places& family : families(findings, axis)) {
        const bool any = std::any_of(family.begin(), family.end(), [&](std::size_t place) {
            const Line* const line = line_of(*sheet, place);
            return line != nullptr && std::any_of(line->entries.begin(), line->entries.end(),
                                                  [](const Entry& entry) { return entry.value.has_value(); });
        });
        if (any) {
            pictures.push_back(lines_of(findings, *sheet, family, axis));
        }
    }
    return pictures;
}

// Returns groups of one command's settings that differ only in this parameter, in the order of measurement.
std::vector<Places> families(const Findings& findings, const std::string& parameter) {
    std::map<std::pair<std::string, decltype(Setting::parameters)>, Places> found;
    for (std::size_t place = 0; place < findings.settings.size(); ++place) {
        const Setting& setting = findings.settings[place];
        auto others = setting.parameters;
        if (std::erase_if(others, [&](const auto& each) { return each.first == parameter; }) > 0) {
            found[{setting.group, std::move(others)}].push_back(place);
        }
    }
    std::vector<Places> result;
    for (auto& [key, family] : found) {
        if (family.size() > 1) {
            result.push_back(std::move(family));
        }
    }
    return result;
}

chart::Lines lines_of(const Findings& findings, const Sheet& sheet, const Places& family,
                      const std::string& parameter) {
    const Setting& first = findings.settings[family.front()];
    std::string name = sheet.short_title + ": " + first.group;
    for (const auto& [other, value] : first.parameters) {
        name += other == parameter ? "" : fmt::format(", {} = {}", other, value);
    }
    chart::Lines lines{.name = std::move(name),
                       .x_title = parameter,
                       .y_title = sheet.title + (sheet.unit.empty() ? "" : ", " + sheet.unit),
                       .x_marks = {},
                       .lines = {},
                       .shaded_from = std::nullopt,
                       .shaded_words = {}};
    for (std::size_t place = 0; place < family.size(); ++place) {
        const auto& parameters = findings.settings[family[place]].parameters;
        const auto value = std::find_if(parameters.begin(), parameters.end(),
                                        [&](const auto& each) { return each.first == parameter; });
        lines.x_marks.push_back({.at = static_cast<double>(place), .words = value->second});
    }
    for (std::size_t subject = 0; subject < findings.subjects.size(); ++subject) {
        lines.lines.push_back(line_of_subject(findings, sheet, family, subject));
    }
    return lines;
}

// Prefers the program's own figure to its time.
const Sheet* speed_sheet(const Findings& findings) {
    const auto own = std::find_if(findings.sheets.begin(), findings.sheets.end(), [](const Sheet& sheet) {
        return sheet.key == "own_figure" || sheet.key == "own_cost";
    });
    return own == findings.sheets.end() ? throughput_sheet(findings) : &*own;
}

bool any_value(const chart::Lines& lines) {
    return std::any_of(lines.lines.begin(), lines.lines.end(),
                       [](const chart::Line& line) { return !line.points.empty(); });
}

constexpr double kKibInMib = 1024;

chart::Line curve_line(const Findings& findings, const Curve& curve) {
    const Subject& subject = findings.subjects[curve.subject];
    chart::Line line{.name = subject.name, .slot = subject.slot, .points = {}, .marks = false};
    double peak = 0;
    for (const auto& [seconds, kib] : curve.points) {
        line.points.push_back(
            {.x = seconds, .y = kib / kKibInMib, .interval = {0, 0}, .description = {}, .rounds = {}});
        peak = std::max(peak, kib);
    }
    line.description =
        fmt::format("{}, round {}: {:.1f} MiB at most, {:.1f} MiB at the end, {:.2f} s", line.name,
                    curve.round, peak / kKibInMib, line.points.back().y, line.points.back().x);
    return line;
}

} // namespace

const Sheet* throughput_sheet(const Findings& findings) {
    const Sheet* found = nullptr;
    for (const Sheet& sheet : findings.sheets) {
        if (sheet.key == "operations_per_second") {
            return &sheet;
        }
        found = found == nullptr && sheet.is_speed ? &sheet : found;
    }
    return found;
}

chart::Forest ratios(const Findings& findings, const Sheet& sheet) {
    chart::Forest forest{.name = sheet.title + ": ratio to " + findings.subjects.front().name,
                         .lower = sheet.more_is_better ? "worse" : "better",
                         .higher = sheet.more_is_better ? "better" : "worse",
                         .rows = {}};
    for (const Line& line : sheet.lines) {
        chart::ForestRow row{.name = findings.settings[line.setting].name,
                             .note = notes_of(findings, line),
                             .control = std::nullopt,
                             .marks = {},
                             .without = failed_in(findings, line)};
        if (line.control && is_known(line.control->interval)) {
            row.control = range_of(line.control->interval);
        }
        for (std::size_t subject = 0; subject < line.entries.size(); ++subject) {
            if (line.entries[subject].ratio) {
                row.marks.push_back(mark_of(findings, sheet, line, subject));
            }
        }
        if (!row.marks.empty() || !row.without.empty()) {
            forest.rows.push_back(std::move(row));
        }
    }
    return forest;
}

chart::Forest change_forest(const Findings& after, const ChangedSheet& sheet) {
    chart::Forest forest{.name = sheet.sheet->title + ": after over before",
                         .lower = sheet.sheet->more_is_better ? "worse" : "better",
                         .higher = sheet.sheet->more_is_better ? "better" : "worse",
                         .rows = {}};
    for (const Change& change : sheet.changes) {
        if (forest.rows.empty() || forest.rows.back().name != change.setting) {
            forest.rows.push_back(
                {.name = change.setting, .note = {}, .control = std::nullopt, .marks = {}, .without = {}});
        }
        const std::string& name = after.subjects[change.subject].name;
        const std::string verdict = standing_words(*sheet.sheet, change.standing);
        forest.rows.back().marks.push_back(
            {.name = name,
             .slot = after.subjects[change.subject].slot,
             .median = change.change.median,
             .interval = range_of(change.change.interval),
             .figure = before_space(estimate_text(change.change)),
             .interval_text = after_space(estimate_text(change.change)),
             .description = fmt::format("{}, {}: {} of what it was: {}", change.setting, name,
                                        estimate_text(change.change), verdict),
             .rounds = {}});
    }
    return forest;
}

chart::Scatter speed_against_memory(const Findings& findings) {
    chart::Scatter scatter{.name = "Speed against memory: geometric means of the ratios to " +
                                   findings.subjects.front().name,
                           .x_title = "speed, as a multiple of " + findings.subjects.front().name + "'s",
                           .y_title = "peak RSS, as a multiple of " + findings.subjects.front().name + "'s",
                           .best_corner = "faster and leaner ↘",
                           .marks = {}};
    const Sheet* const memory = memory_sheet(findings);
    for (std::size_t subject = 0; subject < findings.subjects.size() && memory != nullptr; ++subject) {
        const bool is_reference = subject == kReferenceSubject;
        const auto speed = is_reference ? 1 : mean_speed(findings, subject);
        const auto rss = is_reference ? 1 : mean_memory(findings, subject);
        if (!speed || !rss) {
            continue;
        }
        const std::string& name = findings.subjects[subject].name;
        scatter.marks.push_back({.name = name,
                                 .slot = findings.subjects[subject].slot,
                                 .x = *speed,
                                 .y = *rss,
                                 .x_interval = range_of(speed_interval(findings, subject)),
                                 .y_interval = range_of(memory_interval(findings, subject)),
                                 .description = fmt::format("{}: {} the speed, {} the peak RSS", name,
                                                            ratio_text(*speed), ratio_text(*rss)),
                                 .parts = {}});
        for (const Line& line : memory->lines) {
            const auto part = findings.speed[line.setting][subject].ratio;
            if (part && line.entries[subject].ratio) {
                scatter.marks.back().parts.emplace_back(*part, line.entries[subject].ratio->median);
            }
        }
    }
    if (scatter.marks.size() < 2) {
        scatter.marks.clear(); // the reference alone shows nothing
    }
    return scatter;
}

std::vector<chart::Lines> by_threads(const Findings& findings) {
    return all_lines(findings, Axis::kThreads);
}

std::vector<chart::Lines> by_size(const Findings& findings) {
    return all_lines(findings, Axis::kSize);
}

std::vector<chart::Lines> by_parameter(const Findings& findings) {
    std::vector<std::string> names;
    for (const Setting& setting : findings.settings) {
        for (const auto& [name, value] : setting.parameters) {
            if (std::find(names.begin(), names.end(), name) == names.end()) {
                names.push_back(name);
            }
        }
    }
    std::vector<chart::Lines> pictures;
    for (const std::string& name : names) {
        for (const Places& family : families(findings, name)) {
            for (const Sheet* const sheet : {speed_sheet(findings), memory_sheet(findings)}) {
                if (sheet == nullptr) {
                    continue;
                }
                if (chart::Lines lines = lines_of(findings, *sheet, family, name); any_value(lines)) {
                    pictures.push_back(std::move(lines));
                }
            }
        }
    }
    return pictures;
}

std::vector<chart::Lines> rss_over_time(const Findings& findings) {
    std::map<std::size_t, chart::Lines> pictures;
    std::map<std::size_t, double> ends;
    for (const Curve& curve : findings.curves) {
        chart::Lines& lines = pictures[curve.setting];
        lines.name = findings.settings[curve.setting].name;
        lines.x_title = "seconds";
        lines.y_title = "RSS of all processes, MiB";
        lines.lines.push_back(curve_line(findings, curve));
        ends[curve.setting] = std::max(ends[curve.setting], curve.points.back().first);
    }
    std::vector<chart::Lines> result;
    for (auto& [setting, lines] : pictures) {
        for (const double tick : chart::linear_ticks(ends[setting], 6)) {
            lines.x_marks.push_back({.at = tick, .words = chart::tick_text(tick)});
        }
        result.push_back(std::move(lines));
    }
    return result;
}

} // namespace ashlar::report::page
