// SPDX-License-Identifier: MIT
// One figure, one ratio, one spread, as people read them in a table.
#pragma once

#include "compare/result.h"
#include "report/text_table.h"

#include <string>

namespace ashlar::report {

// In the metric's unit, which stands elsewhere: "12.3".
std::string value_text(double value, compare::Metric metric);

// Half an interval, in percent: "±3"; with too few rounds there is none: "±?".
std::string spread_text(double half_width);

// "161% ±3 "
std::string ratio_text(const compare::Ratio& ratio);

// Good where it is better than System, bad where it is worse.
Tint tint_of(const compare::Ratio& ratio, compare::Metric metric);

} // namespace ashlar::report
