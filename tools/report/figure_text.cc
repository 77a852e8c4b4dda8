// SPDX-License-Identifier: MIT
#include "report/figure_text.h"

#include "report/ratio_text.h"

#include <fmt/format.h>

namespace ashlar::report {

namespace {

// Good if better than System, bad if worse.
Tint tint_of(const compare::Ratio& ratio, compare::Metric metric) {
    switch (compare::standing(ratio, metric)) {
    case compare::Standing::kBetter:
        return Tint::kGood;
    case compare::Standing::kWorse:
        return Tint::kBad;
    case compare::Standing::kAlike:
    case compare::Standing::kUnknown:
        break;
    }
    return Tint::kNone;
}

// Pads the text, so that values and ratios are aligned between rows.
std::string in_line(const std::string& value, const std::string& rest) {
    constexpr int kUsual = 20; // width of "1.61× (1.58 to 1.64)"
    return fmt::format("{} {:>{}}", value, rest, kUsual);
}

} // namespace

bool is_short(const compare::Row& row, compare::Metric metric) {
    const auto& found = row.cells[compare::kReference].of(metric);
    return (metric == compare::Metric::kWall || metric == compare::Metric::kCpu) && found &&
           found->median < 1;
}

TextCell figure_cell(const compare::Row& row, std::size_t contender, compare::Metric metric,
                     const Scale& scale) {
    const compare::Cell& cell = row.cells[contender];
    const auto& found = cell.of(metric);
    if (!found) {
        return {cell.failures > 0 ? "failed" : "-", cell.failures > 0 ? Tint::kBad : Tint::kFaint};
    }
    const std::string mark = cell.failures > 0 ? "! " : "";
    const double value = found->median / scale.divisor;
    if (found->to_system) {
        const compare::Ratio& ratio = *found->to_system;
        return {in_line(mark + number_text(value, scale.decimals), ratio_text(ratio.median, ratio.interval)),
                tint_of(ratio, metric)};
    }
    const std::string text = number_text(
        value, {.low = found->interval.low / scale.divisor, .high = found->interval.high / scale.divisor},
        scale.decimals);
    const std::size_t space = text.find(' ');
    return {in_line(mark + text.substr(0, space), text.substr(space + 1))};
}

TextCell control_cell(const compare::Row& row, compare::Metric metric) {
    const auto& control = row.control_of(metric);
    return {control ? ratio_text(control->median, control->interval) : "-", Tint::kFaint};
}

} // namespace ashlar::report
