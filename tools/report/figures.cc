// SPDX-License-Identifier: MIT
#include "report/figures.h"

#include <cmath>
#include <fmt/format.h>

namespace ashlar::report {

namespace {

// Three digits that count, for ratios from a thousandth to hundreds.
int decimals_of(double ratio) {
    if (ratio >= 100) {
        return 0;
    }
    if (ratio >= 10) {
        return 1;
    }
    return ratio >= 0.1 || ratio <= 0 ? 2 : ratio >= 0.01 ? 3 : 4;
}

} // namespace

std::string heading_of(const Sheet& sheet) {
    const char* const direction = sheet.more_is_better ? "more is better" : "less is better";
    const std::string unit = sheet.unit.empty() ? "" : ", in " + sheet.unit;
    return fmt::format("{}{}; {}", sheet.title, unit, direction);
}

std::string value_text(const Sheet& sheet, double value) {
    const double scaled = value / sheet.scale;
    const int decimals = std::abs(scaled) < 100 ? sheet.decimals : std::max(sheet.decimals - 1, 0);
    return fmt::format("{:.{}f}", scaled, decimals);
}

std::string ratio_text(double ratio) {
    return fmt::format("{:.{}f}×", ratio, decimals_of(ratio));
}

bool is_known(const statistics::Interval& interval) {
    return std::isfinite(interval.low) && std::isfinite(interval.high);
}

std::string interval_text(const statistics::Interval& interval) {
    if (!is_known(interval)) {
        return "interval unknown";
    }
    return fmt::format("{:.{}f} to {:.{}f}", interval.low, decimals_of(interval.low), interval.high,
                       decimals_of(interval.high));
}

std::string standing_words(const Sheet& sheet, Standing standing) {
    switch (standing) {
    case Standing::kBetter:
        return sheet.is_speed ? "faster" : sheet.is_memory ? "less memory" : "better";
    case Standing::kWorse:
        return sheet.is_speed ? "slower" : sheet.is_memory ? "more memory" : "worse";
    case Standing::kAlike:
        return "no measurable difference";
    case Standing::kUnknown:
        break;
    }
    return "too few rounds to say";
}

std::string notes_of(const Findings& findings, const Line& line) {
    std::string notes = line.noisy ? "noisy" : "";
    if (findings.settings[line.setting].oversubscribed) {
        notes += notes.empty() ? "oversubscribed" : ", oversubscribed";
    }
    return notes;
}

std::string failed_in(const Findings& findings, const Line& line) {
    std::string names;
    for (std::size_t subject = 0; subject < line.entries.size(); ++subject) {
        if (!line.entries[subject].value && line.entries[subject].failures > 0) {
            names += (names.empty() ? "" : ", ") + findings.subjects[subject].name;
        }
    }
    return names.empty() ? names : names + " failed";
}

} // namespace ashlar::report
