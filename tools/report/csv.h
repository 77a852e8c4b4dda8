// SPDX-License-Identifier: MIT
// All samples as comma-separated values (RFC 4180, but with bare line feeds), one a line below a line of
// names. docs/results.md tells what the columns are.
#pragma once

#include "report/findings.h"

#include <string_view>

namespace ashlar::report {

// Quoted if it has to be.
std::string csv_field(std::string_view text);

// All of several results: the columns of each, those that a result lacks left empty.
std::string csv(const std::vector<Findings>& results);

} // namespace ashlar::report
