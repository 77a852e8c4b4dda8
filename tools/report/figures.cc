// SPDX-License-Identifier: MIT
#include "report/figures.h"

#include <fmt/format.h>

namespace ashlar::report {

std::string heading_of(const Sheet& sheet) {
    const char* const direction = sheet.more_is_better ? "more is better" : "less is better";
    const std::string unit = sheet.unit.empty() ? "" : ", in " + sheet.unit;
    return fmt::format("{}{}; {}", sheet.title, unit, direction);
}

std::string value_text(const Sheet& sheet, double value) {
    return number_text(value / sheet.scale, sheet.decimals);
}

std::string estimate_text(const Estimate& ratio) {
    return ratio_text(ratio.median, ratio.interval);
}

std::string standing_words(const Sheet& sheet, Standing standing) {
    if (sheet.is_speed) {
        return speed_words(standing);
    }
    if (sheet.is_memory) {
        return memory_words(standing);
    }
    return standing == Standing::kBetter  ? "better"
           : standing == Standing::kWorse ? "worse"
                                          : speed_words(standing);
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
