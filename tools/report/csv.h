// SPDX-License-Identifier: MIT
// All samples as comma-separated values (RFC 4180 with bare line feeds): a header line, then a line per
// sample. docs/results.md describes the columns.
#pragma once

#include "report/findings.h"

#include <string_view>

namespace ashlar::report {

// Quotes the text if needed.
std::string csv_field(std::string_view text);

// Joins the samples of several results. Columns that a result lacks are empty.
std::string csv(const std::vector<Findings>& results);

} // namespace ashlar::report
