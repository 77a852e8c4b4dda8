// SPDX-License-Identifier: MIT
#include "report/ratio_text.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace ashlar::report {

namespace {

using statistics::Interval;

constexpr int kMostDecimals = 4;
constexpr const char* kUnknownInterval = " (interval unknown)";

// Returns the decimals for three significant digits.
int decimals_of(double number) {
    const double size = std::abs(number);
    if (size >= 100 || size == 0) {
        return 0;
    }
    return size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : kMostDecimals;
}

// Ratios between 0.1 and 10 are usually in one column, so all have two decimals.
int decimals_of_ratio(double ratio) {
    if (ratio >= 10) {
        return decimals_of(ratio);
    }
    return ratio >= 0.1 || ratio <= 0 ? 2 : ratio >= 0.01 ? 3 : kMostDecimals;
}

std::string with_decimals(double number, int decimals) {
    return fmt::format("{:.{}f}", number, decimals);
}

std::string in_brackets(const Interval& interval, int decimals) {
    return fmt::format(" ({} to {})", with_decimals(interval.low, decimals),
                       with_decimals(interval.high, decimals));
}

int decimals_of_ratio(double ratio, const Interval& interval) {
    int decimals = decimals_of_ratio(ratio);
    const double nearest = interval.low > 1 ? interval.low : interval.high < 1 ? interval.high : 0;
    while (nearest > 0 && decimals < kMostDecimals &&
           with_decimals(nearest, decimals) == with_decimals(1, decimals)) {
        ++decimals;
    }
    return decimals;
}

int decimals_of_number(double number, int decimals) {
    return std::max(decimals_of(number), std::abs(number) < 100 ? decimals : std::max(decimals - 1, 0));
}

} // namespace

bool is_known(const Interval& interval) {
    return std::isfinite(interval.low) && std::isfinite(interval.high);
}

std::string ratio_text(double ratio) {
    return with_decimals(ratio, decimals_of_ratio(ratio)) + "×";
}

std::string ratio_text(double ratio, const Interval& interval) {
    if (!is_known(interval)) {
        return ratio_text(ratio) + kUnknownInterval;
    }
    const int decimals = decimals_of_ratio(ratio, interval);
    return with_decimals(ratio, decimals) + "×" + in_brackets(interval, decimals);
}

std::string number_text(double number, int decimals) {
    return with_decimals(number, decimals_of_number(number, decimals));
}

std::string number_text(double number, const Interval& interval, int decimals) {
    const int shown = decimals_of_number(number, decimals);
    return with_decimals(number, shown) +
           (is_known(interval) ? in_brackets(interval, shown) : kUnknownInterval);
}

} // namespace ashlar::report
