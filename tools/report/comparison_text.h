// SPDX-License-Identifier: MIT
// A comparison for people: operations per second, peak memory, CPU time, and what has to be known about them.
#pragma once

#include "compare/result.h"
#include "report/text_table.h"

#include <string>

namespace ashlar::report {

std::string comparison_text(const compare::Experiment& experiment, const compare::Result& result,
                            const TextSettings& settings);

} // namespace ashlar::report
