// SPDX-License-Identifier: MIT
#include "statistics/bootstrap.h"

#include "statistics/random_order.h"
#include "statistics/summary.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace ashlar::statistics {

Interval median_interval(std::span<const double> values, const BootstrapSettings& settings) {
    if (values.size() < kFewestForInterval) {
        constexpr double kUnbounded = std::numeric_limits<double>::infinity();
        return {.low = -kUnbounded, .high = kUnbounded};
    }
    std::mt19937_64 generator(settings.seed);
    std::vector<double> drawn(values.size());
    std::vector<double> medians(static_cast<std::size_t>(settings.resamples));
    for (double& each : medians) {
        for (double& value : drawn) {
            value = values[below(generator, values.size())];
        }
        each = median(drawn);
    }
    std::sort(medians.begin(), medians.end());
    const double outside = (1 - settings.confidence) / 2;
    return {.low = quantile(medians, outside), .high = quantile(medians, 1 - outside)};
}

} // namespace ashlar::statistics
