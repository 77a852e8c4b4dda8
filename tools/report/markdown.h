// SPDX-License-Identifier: MIT
// A report in Markdown with GitHub's tables, to read in a terminal or paste into an issue.
#pragma once

#include "report/changes.h"

#include <string_view>

namespace ashlar::report {

// Escapes running text and table cells.
std::string markdown_text(std::string_view text);

// `changes` may be null.
std::string markdown(const Findings& findings, const Changes* changes);

} // namespace ashlar::report
