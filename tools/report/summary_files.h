// SPDX-License-Identifier: MIT
// The summary of a comparison in hyperfine's formats, with the allocator beside the command. Readers of
// hyperfine's files can read these. Names and units are the same, and additional fields have other names.
#pragma once

#include "report/summary.h"

#include <string>

namespace ashlar::report {

std::string summary_markdown(const compare::Experiment& experiment, const compare::Result& result);
std::string summary_csv(const compare::Experiment& experiment, const compare::Result& result);
std::string summary_json(const compare::Experiment& experiment, const compare::Result& result);

} // namespace ashlar::report
