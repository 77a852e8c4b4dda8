// SPDX-License-Identifier: MIT
// The common notation of figures in texts, tables and charts: a value, a ratio, and the interval of either.
#pragma once

#include "statistics/bootstrap.h"

#include <string>

namespace ashlar::report {

// Returns "1.61×" with three significant digits.
std::string ratio_text(double ratio);

// Returns "1.61× (1.58 to 1.64)", with equal decimals in all three. There are enough decimals to show on
// which side of 1 an interval lies: "0.997× (0.995 to 0.999)". With few samples: "1.61× (interval unknown)".
std::string ratio_text(double ratio, const statistics::Interval& interval);

// Returns a figure in its unit with three significant digits: below 100 at least `decimals`, above one less.
std::string number_text(double number, int decimals);

// Returns "12.3 (12.1 to 12.6)".
std::string number_text(double number, const statistics::Interval& interval, int decimals);

bool is_known(const statistics::Interval& interval);

} // namespace ashlar::report
