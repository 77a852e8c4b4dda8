// SPDX-License-Identifier: MIT
// The same tasks in several languages, for people. Shows each language against C with the expected ratio, and
// every task under every allocator. For two libraries, shows each language before and after.
#pragma once

#include "compare/language_runs.h"
#include "report/text_table.h"

#include <string>
#include <vector>

namespace ashlar::report {

std::string language_text(const compare::Experiment& experiment, const compare::Result& result,
                          const std::vector<compare::LanguageFacts>& facts, const TextSettings& settings);

// The reference is "before", the other library "now".
std::string language_changes_text(const compare::Experiment& experiment, const TextSettings& settings);

} // namespace ashlar::report
