// SPDX-License-Identifier: MIT
// A figure's cell in a table on the terminal.
#pragma once

#include "compare/result.h"
#include "report/text_table.h"

#include <string>

namespace ashlar::report {

// The unit that a metric is shown in.
struct Scale {
    double divisor = 1;
    int decimals = 1;
};

inline Scale scale_of(compare::Metric metric) {
    return {.divisor = compare::facts(metric).scale, .decimals = compare::facts(metric).decimals};
}

inline constexpr Scale kMilliseconds{.divisor = 1e-3, .decimals = 1};

// Returns whether System's time is below 1 s. Returns false for metrics that are no times.
bool is_short(const compare::Row& row, compare::Metric metric);

// Returns "12.3 1.61× (1.58 to 1.64)", for System "12.3 (12.1 to 12.6)", without a figure "failed" or "-".
TextCell figure_cell(const compare::Row& row, std::size_t contender, compare::Metric metric,
                     const Scale& scale);

// Returns the ratio of System to itself.
TextCell control_cell(const compare::Row& row, compare::Metric metric);

} // namespace ashlar::report
