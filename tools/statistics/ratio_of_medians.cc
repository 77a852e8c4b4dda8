// SPDX-License-Identifier: MIT
#include "statistics/ratio_of_medians.h"

#include "statistics/random_order.h"
#include "statistics/summary.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace ashlar::statistics {

namespace {

double median_of_draw(std::span<const double> values, std::vector<double>& drawn,
                      std::mt19937_64& generator) {
    drawn.resize(values.size());
    for (double& each : drawn) {
        each = values[below(generator, values.size())];
    }
    return median(drawn);
}

} // namespace

Interval ratio_of_medians_interval(std::span<const double> above, std::span<const double> below_values,
                                   const BootstrapSettings& settings) {
    constexpr double kUnbounded = std::numeric_limits<double>::infinity();
    const bool divides =
        std::all_of(below_values.begin(), below_values.end(), [](double value) { return value > 0; });
    if (above.size() < kFewestForInterval || below_values.size() < kFewestForInterval || !divides) {
        return {.low = -kUnbounded, .high = kUnbounded};
    }
    std::mt19937_64 generator(settings.seed);
    std::vector<double> drawn;
    std::vector<double> ratios(static_cast<std::size_t>(settings.resamples));
    for (double& ratio : ratios) {
        ratio = median_of_draw(above, drawn, generator);
        ratio /= median_of_draw(below_values, drawn, generator);
    }
    std::sort(ratios.begin(), ratios.end());
    const double outside = (1 - settings.confidence) / 2;
    return {.low = quantile(ratios, outside), .high = quantile(ratios, 1 - outside)};
}

} // namespace ashlar::statistics
