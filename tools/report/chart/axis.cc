// SPDX-License-Identifier: MIT
#include "report/chart/axis.h"

#include "report/chart/svg.h"

namespace ashlar::report::chart {

namespace {

constexpr double kGap = 6; // pixels

double half_width(double tick, double letter) {
    return text_width(tick_text(tick) + "×", letter) / 2;
}

bool fits(const RatioAxis& axis, Range pixels, double letter) {
    const Scale scale = axis.scale(pixels);
    for (std::size_t index = 1; index < axis.ticks.size(); ++index) {
        const double distance = scale.place(axis.ticks[index]) - scale.place(axis.ticks[index - 1]);
        if (distance <
            half_width(axis.ticks[index], letter) + half_width(axis.ticks[index - 1], letter) + kGap) {
            return false;
        }
    }
    return true;
}

} // namespace

RatioAxis ratio_axis(Range values, int most, Range pixels, double letter) {
    RatioAxis axis{.values = ratio_range(values), .ticks = {}};
    do {
        axis.ticks = ratio_ticks(axis.values, most);
    } while (!fits(axis, pixels, letter) && --most > 0);
    return axis;
}

} // namespace ashlar::report::chart
