// SPDX-License-Identifier: MIT
#include "statistics/summary.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ashlar::statistics {

namespace {
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
}

double median(std::span<const double> values) {
    if (values.empty()) {
        return kNone;
    }
    std::vector<double> ordered(values.begin(), values.end());
    const auto upper = ordered.begin() + static_cast<std::ptrdiff_t>(ordered.size() / 2);
    std::nth_element(ordered.begin(), upper, ordered.end());
    if (ordered.size() % 2 == 1) {
        return *upper;
    }
    return (*std::max_element(ordered.begin(), upper) + *upper) / 2;
}

double quantile(std::span<const double> sorted, double probability) {
    if (sorted.empty()) {
        return kNone;
    }
    const double position = probability * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double geometric_mean(std::span<const double> values) {
    double logarithms = 0;
    for (const double value : values) {
        logarithms += std::log(value);
    }
    return values.empty() ? kNone : std::exp(logarithms / static_cast<double>(values.size()));
}

} // namespace ashlar::statistics
