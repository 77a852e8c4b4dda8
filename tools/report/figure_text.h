// SPDX-License-Identifier: MIT
// The cell of a figure in a table on the terminal.
#pragma once

#include "compare/result.h"
#include "report/text_table.h"

#include <string>

namespace ashlar::report {

// In which unit a metric is shown.
struct Scale {
    double divisor = 1;
    int decimals = 1;
};

inline Scale scale_of(compare::Metric metric) {
    return {.divisor = compare::facts(metric).scale, .decimals = compare::facts(metric).decimals};
}

inline constexpr Scale kMilliseconds{.divisor = 1e-3, .decimals = 1};

// Whether System's time is below a second; false for what is no time.
bool is_short(const compare::Row& row, compare::Metric metric);

// "12.3 1.61× (1.58 to 1.64)", of System "12.3 (12.1 to 12.6)"; "failed" or "-" if there is no figure.
TextCell figure_cell(const compare::Row& row, std::size_t contender, compare::Metric metric,
                     const Scale& scale);

// System against itself.
TextCell control_cell(const compare::Row& row, compare::Metric metric);

} // namespace ashlar::report
