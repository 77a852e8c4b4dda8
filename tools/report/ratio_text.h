// SPDX-License-Identifier: MIT
// The one notation of figures: a value, a ratio, and the interval of either, in every text, table and chart.
#pragma once

#include "statistics/bootstrap.h"

#include <string>

namespace ashlar::report {

// "1.61×", without an interval: three digits that count.
std::string ratio_text(double ratio);

// "1.61× (1.58 to 1.64)". All three have the same decimals. There are as many as it takes to show on which
// side of 1 an interval lies: "0.997× (0.995 to 0.999)". Without enough samples: "1.61× (interval unknown)".
std::string ratio_text(double ratio, const statistics::Interval& interval);

// A figure in its unit: three digits that count, but never fewer than `decimals` below 100 and one less
// above.
std::string number_text(double number, int decimals);

// "12.3 (12.1 to 12.6)"
std::string number_text(double number, const statistics::Interval& interval, int decimals);

bool is_known(const statistics::Interval& interval);

} // namespace ashlar::report
