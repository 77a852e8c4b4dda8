// SPDX-License-Identifier: MIT
// A comparison for people: operations per second, peak memory, CPU time, and remarks.
#pragma once

#include "compare/result.h"
#include "report/text_table.h"

#include <string>
#include <vector>

namespace ashlar::report {

// The metrics with a table, and the rule that calls an allocator faster.
struct ComparisonView {
    std::vector<compare::Metric> metrics;
    std::string judged_by;
    bool judges_each = false; // also a verdict for each configuration
};

// Views of the benchmark programs, of programs that print no figures, and of a user's commands.
ComparisonView suite_view();
ComparisonView programs_view();
ComparisonView commands_view(const compare::Experiment& experiment);

std::string comparison_text(const compare::Experiment& experiment, const compare::Result& result,
                            const TextSettings& settings, const ComparisonView& view = suite_view());

} // namespace ashlar::report
