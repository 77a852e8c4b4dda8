// SPDX-License-Identifier: MIT
#include "report/figure_text.h"

#include <cmath>
#include <fmt/format.h>

namespace ashlar::report {

using compare::Metric;
using compare::Ratio;

std::string value_text(double value, Metric metric) {
    const compare::MetricFacts& facts = compare::facts(metric);
    const double scaled = value / facts.scale;
    return fmt::format("{:.{}f}", scaled, scaled < 100 ? facts.decimals : facts.decimals - 1);
}

std::string spread_text(double half_width) {
    return std::isfinite(half_width) ? fmt::format("±{:.0f}", half_width * 100) : "±?";
}

std::string ratio_text(const Ratio& ratio) {
    return fmt::format("{:4.0f}% {:<3}", ratio.median * 100, spread_text(ratio.interval.half_width()));
}

Tint tint_of(const Ratio& ratio, Metric metric) {
    switch (compare::standing(ratio, metric)) {
    case compare::Standing::kBetter:
        return Tint::kGood;
    case compare::Standing::kWorse:
        return Tint::kBad;
    case compare::Standing::kNoMeasurableDifference:
        break;
    }
    return Tint::kNone;
}

} // namespace ashlar::report
