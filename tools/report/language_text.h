// SPDX-License-Identifier: MIT
// The same tasks in several languages, for people. It has each language against C with what was expected, and
// every task under every allocator. Or, of two libraries, each language before and after.
#pragma once

#include "compare/language_runs.h"
#include "report/text_table.h"

#include <string>
#include <vector>

namespace ashlar::report {

std::string language_text(const compare::Experiment& experiment, const compare::Result& result,
                          const std::vector<compare::LanguageFacts>& facts, const TextSettings& settings);

// With the reference as "before" and the other one as "now".
std::string language_changes_text(const compare::Experiment& experiment, const TextSettings& settings);

} // namespace ashlar::report
