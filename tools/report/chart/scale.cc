// SPDX-License-Identifier: MIT
#include "report/chart/scale.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace ashlar::report::chart {

namespace {

// Limits of an axis. A narrower one would enlarge noise. A wider one has no ticks.
constexpr double kLeastBelow = 0.95;
constexpr double kLeastAbove = 1.05;
constexpr double kMargin = 1.04;
constexpr double kSmallest = 1e-4;
constexpr double kLargest = 1e8;
constexpr double kBare = 1.2; // how far an axis may extend past its outermost ticks

// Candidate ticks of an axis of ratios. Each ladder includes 1.
using Ladder = std::vector<double>;

Ladder even_steps(double low, double high, int steps_of_one) {
    Ladder ladder;
    for (int index = static_cast<int>(std::lround(low * steps_of_one)); index <= high * steps_of_one;
         ++index) {
        ladder.push_back(static_cast<double>(index) / steps_of_one);
    }
    return ladder;
}

// Returns each power of ten times `parts`. Divides for negative powers, so that 1 / 10 is 0.1.
Ladder powers(std::initializer_list<double> parts) {
    Ladder ladder;
    for (int power = -4; power < 9; ++power) {
        for (const double part : parts) {
            ladder.push_back(power < 0 ? part / std::pow(10, -power) : part * std::pow(10, power));
        }
    }
    return ladder;
}

// Ladders from the finest to the coarsest.
const std::vector<Ladder>& ladders() {
    static const std::vector<Ladder> all{even_steps(0.8, 1.2, 50),
                                         even_steps(0.5, 1.5, 20),
                                         even_steps(0.5, 2, 10),
                                         powers({1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 7.5}),
                                         powers({1, 1.5, 2, 3, 5, 7}),
                                         powers({1, 2, 5}),
                                         powers({1}),
                                         {1e-4, 1e-2, 1, 1e2, 1e4, 1e6, 1e8}};
    return all;
}

} // namespace

double Scale::place(double value) const {
    const double inside = std::clamp(value, values_.low, values_.high);
    const double share = kind_ == Kind::kLinear
                             ? (inside - values_.low) / (values_.high - values_.low)
                             : std::log(inside / values_.low) / std::log(values_.high / values_.low);
    return pixels_.low + share * (pixels_.high - pixels_.low);
}

std::vector<double> linear_ticks(double highest, int wanted) {
    if (!(highest > 0) || !std::isfinite(highest)) {
        return {0, 1};
    }
    const double rough = highest / wanted;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    double step = 10 * power;
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= rough * (1 - 1e-9)) {
            step = factor * power;
            break;
        }
    }
    const auto steps = static_cast<int>(std::ceil(highest / step - 1e-9));
    std::vector<double> ticks;
    for (int index = 0; index <= steps; ++index) {
        ticks.push_back(index * step);
    }
    return ticks;
}

Range ratio_range(Range values) {
    const auto usable = [](double value) { return std::isfinite(value) && value > 0; };
    const double low = std::min(usable(values.low) ? values.low : 1, kLeastBelow);
    const double high = std::max(usable(values.high) ? values.high : 1, kLeastAbove);
    return {.low = std::max(low / kMargin, kSmallest), .high = std::min(high * kMargin, kLargest)};
}

std::vector<double> ratio_ticks(Range range, int most) {
    for (const Ladder& ladder : ladders()) {
        const auto first = std::lower_bound(ladder.begin(), ladder.end(), range.low);
        const auto last = std::upper_bound(first, ladder.end(), range.high);
        // A ladder that ends within the range would leave a part of the axis without ticks.
        const bool reaches = ladder.front() <= range.low * kBare && ladder.back() * kBare >= range.high;
        if (reaches && last - first <= most) {
            return {first, last};
        }
    }
    return {1};
}

std::string tick_text(double value) {
    return fmt::format("{:.6g}", value);
}

} // namespace ashlar::report::chart
