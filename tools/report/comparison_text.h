// SPDX-License-Identifier: MIT
// A comparison for people: operations per second, peak memory, CPU time, and what has to be known about them.
#pragma once

#include "compare/result.h"
#include "report/text_table.h"

#include <string>
#include <vector>

namespace ashlar::report {

// Which figures have a table, and by which an allocator is called faster.
struct ComparisonView {
    std::vector<compare::Metric> metrics;
    std::string judged_by;
};

// Of the benchmark programs, and of programs that print no figures.
ComparisonView suite_view();
ComparisonView programs_view();

std::string comparison_text(const compare::Experiment& experiment, const compare::Result& result,
                            const TextSettings& settings, const ComparisonView& view = suite_view());

} // namespace ashlar::report
