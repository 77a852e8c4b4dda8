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
    bool judges_each = false; // a verdict for each configuration too
};

// Of the benchmark programs, of programs that print no figures, and of a user's commands.
ComparisonView suite_view();
ComparisonView programs_view();
ComparisonView commands_view(const compare::Experiment& experiment);

std::string comparison_text(const compare::Experiment& experiment, const compare::Result& result,
                            const TextSettings& settings, const ComparisonView& view = suite_view());

} // namespace ashlar::report
