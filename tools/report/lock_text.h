// SPDX-License-Identifier: MIT
// Runs of lock scenarios as a table, on the terminal or in Markdown, followed by the red flags.
#pragma once

#include "compare/experiment.h"
#include "report/text_table.h"

#include <string>

namespace ashlar::report {

std::string lock_text(const compare::Experiment& experiment, const TextSettings& settings);

// Leaves out failures, which are in the text.
std::string lock_markdown(const compare::Experiment& experiment);

} // namespace ashlar::report
