// SPDX-License-Identifier: MIT
// The summary of a comparison in hyperfine's formats, with the allocator beside the command. What reads
// hyperfine's files reads these: names and units are the same, and all that is ours has names of its own.
#pragma once

#include "report/summary.h"

#include <string>

namespace ashlar::report {

std::string summary_markdown(const compare::Experiment& experiment, const compare::Result& result);
std::string summary_csv(const compare::Experiment& experiment, const compare::Result& result);
std::string summary_json(const compare::Experiment& experiment, const compare::Result& result);

} // namespace ashlar::report
