// SPDX-License-Identifier: MIT
#include "alarm/significance.h"

#include "statistics/summary.h"

#include <algorithm>

namespace ashlar::alarm {

namespace {

double spread_of(const Finding& finding, const std::map<std::string, double>& history,
                 const std::map<std::string, double>& now) {
    if (finding.gate == Gate::kExact) {
        return kLeastSpread;
    }
    const std::string key = finding.benchmark + ", " + finding.figure;
    const auto past = history.find(key);
    const auto own = now.find(key);
    double spread = kLeastSpread;
    if (past != history.end()) {
        spread = std::max(spread, past->second);
    } else if (own != now.end()) {
        spread = std::max(spread, own->second);
    }
    if (finding.gate == Gate::kTime) { // a noisier run than earlier ones shows less
        spread = std::max(spread, finding.smallest_visible - finding.threshold);
    }
    return spread;
}

Change change_beyond(double factor, double spread) {
    if (factor > 1 + spread) {
        return Change::kRegressed;
    }
    return factor < 1 / (1 + spread) ? Change::kImproved : Change::kNone;
}

} // namespace

std::optional<double> usual_spread(std::vector<double> recorded) {
    if (recorded.empty()) {
        return std::nullopt;
    }
    std::sort(recorded.begin(), recorded.end());
    const double low = statistics::quantile(recorded, 0.25);
    const double high = statistics::quantile(recorded, 0.75);
    constexpr double kDistances = 3; // Tukey's outer fence
    return high + kDistances * (high - low);
}

void mark_significant(Findings& findings, const std::map<std::string, double>& history,
                      const std::map<std::string, double>& now) {
    for (Finding& finding : findings) {
        if (finding.gate == Gate::kCoarse || finding.outcome == Outcome::kNotJudged ||
            finding.is_since_anchor) {
            continue;
        }
        finding.spread = spread_of(finding, history, now);
        const bool is_new = finding.reference == 0 && finding.present > 0;
        finding.change = is_new ? Change::kRegressed : change_beyond(finding.factor(), *finding.spread);
    }
}

std::string change_of(const Findings& findings) {
    const auto any = [&](Change change) {
        return std::any_of(findings.begin(), findings.end(),
                           [&](const Finding& each) { return each.change == change; });
    };
    const bool better = any(Change::kImproved);
    if (any(Change::kRegressed)) {
        return better ? "mixed" : "regressed";
    }
    return better ? "improved" : "no significant change";
}

} // namespace ashlar::alarm
