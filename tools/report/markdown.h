// SPDX-License-Identifier: MIT
// A report as Markdown (tables as GitHub has them), to read in a terminal or to put into an issue.
#pragma once

#include "report/changes.h"

#include <string_view>

namespace ashlar::report {

// For running text and cells of tables.
std::string markdown_text(std::string_view text);

// `changes` may be null.
std::string markdown(const Findings& findings, const Changes* changes);

} // namespace ashlar::report
