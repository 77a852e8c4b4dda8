// SPDX-License-Identifier: MIT
#include "report/baseline.h"

#include <algorithm>
#include <fmt/format.h>

namespace ashlar::report {

std::string baseline_text(const compare::Drifts& drifts, double allowed, const TextSettings& settings) {
    TextTable table({"ratio to System", "figure", "baseline", "now", ""});
    for (const compare::Drift& each : drifts.drifts) {
        const Tint tint = each.is_worse ? Tint::kBad : Tint::kNone;
        table.add({{fmt::format("{}, {}", each.configuration, each.allocator)},
                   {compare::facts(each.metric).words},
                   {fmt::format("{:.3f}×", each.before)},
                   {fmt::format("{:.3f}×", each.now), tint},
                   {each.is_worse ? "worse" : "", tint}});
    }
    std::string text = "\n" + table.render(settings.colour, settings.columns);
    for (const std::string& each : drifts.missing) {
        text += fmt::format("{}: a figure of the baseline is missing here, or of fewer than 5 runs\n", each);
    }
    const auto worse = std::count_if(drifts.drifts.begin(), drifts.drifts.end(),
                                     [](const compare::Drift& each) { return each.is_worse; });
    text += worse == 0
                ? fmt::format("No ratio is worse than the baseline's by more than {:g} %.\n", 100 * allowed)
                : fmt::format("{} of {} ratios are worse than the baseline's by more than {:g} %.\n", worse,
                              drifts.drifts.size(), 100 * allowed);
    return text;
}

} // namespace ashlar::report
