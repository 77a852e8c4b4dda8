// SPDX-License-Identifier: MIT
#include "report/chart/axis.h"

#include "report/chart/svg.h"

namespace ashlar::report::chart {

namespace {

constexpr double kGap = 6; // pixels

double half_width(double tick, double letter) {
    return text_width(tick_text(tick) + "×", letter) / 2;
}

bool fits(const std::vector<double>& ticks, Range pixels, double letter) {
    const Scale scale(Scale::Kind::kLogarithmic, {.low = ticks.front(), .high = ticks.back()}, pixels);
    for (std::size_t index = 1; index < ticks.size(); ++index) {
        const double distance = scale.place(ticks[index]) - scale.place(ticks[index - 1]);
        if (distance < half_width(ticks[index], letter) + half_width(ticks[index - 1], letter) + kGap) {
            return false;
        }
    }
    return true;
}

} // namespace

std::vector<double> fitting_ratio_ticks(Range range, int most, Range pixels, double letter) {
    std::vector<double> ticks = ratio_ticks(range, most);
    for (int fewer = most - 1; fewer > 1 && !fits(ticks, pixels, letter); --fewer) {
        ticks = ratio_ticks(range, fewer);
    }
    return ticks;
}

} // namespace ashlar::report::chart
