// SPDX-License-Identifier: MIT
// Runs of lock scenarios as one table, on the terminal or in Markdown, with the red flags after it.
#pragma once

#include "compare/experiment.h"
#include "report/text_table.h"

#include <string>

namespace ashlar::report {

std::string lock_text(const compare::Experiment& experiment, const TextSettings& settings);

// Without what failed, which has its place in the text.
std::string lock_markdown(const compare::Experiment& experiment);

} // namespace ashlar::report
